// Plots as SVG, drawn by Vega.

import * as vega from 'vega';
import { compile } from 'vega-lite';

const svg = (spec) => {
  const config = { view: { stroke: null }, axis: { labelFontSize: 11, titleFontSize: 11 } };
  const full = { $schema: 'https://vega.github.io/schema/vega-lite/v6.json', background: 'white', config, ...spec };
  return new vega.View(vega.parse(compile(full).spec), { renderer: 'none' }).toSVG();
};

/** Bars with their ranges: `rows` of { group, name, value, low, high }, each group on a scale of its own. */
export function bars(title, unit, rows) {
  const y = { field: 'name', type: 'nominal', sort: null, title: null, axis: { minExtent: 130 } };
  const x = { field: 'value', type: 'quantitative', title: unit };
  const color = { field: 'name', type: 'nominal', legend: null, sort: null };
  const range = { y, x: { field: 'low', type: 'quantitative' }, x2: { field: 'high' } };
  const one = (group) => ({
    title: { text: group, anchor: 'start', fontSize: 12 },
    data: { values: rows.filter((row) => row.group === group) },
    width: 460,
    height: { step: 16 },
    layer: [
      { mark: 'bar', encoding: { y, x, color } },
      { mark: { type: 'rule', strokeWidth: 1.5 }, encoding: range },
    ],
  });
  return svg({ title, vconcat: [...new Set(rows.map((row) => row.group))].map(one) });
}

/** Lines over a scale of sizes: `rows` of { name, x, y }. */
export function lines(title, x, y, rows) {
  return svg({
    title,
    width: 460,
    height: 260,
    data: { values: rows },
    mark: { type: 'line', point: true },
    encoding: {
      x: { field: 'x', type: 'quantitative', scale: { type: 'log' }, title: x },
      y: { field: 'y', type: 'quantitative', title: y, scale: { zero: true } },
      color: { field: 'name', type: 'nominal', title: null, sort: null },
    },
  });
}
