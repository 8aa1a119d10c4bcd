// The data of the viewing history, the same in every run, and the requests for it.

import { random } from './data.js';

const [LEAST, MOST] = [10, 2_000];
const START = Date.UTC(2026, 0, 1);
const below = (next, n) => Math.floor(next() * n);
const sport = (n) => `sport ${n}`;
const series = (n) => `series ${n}`;
const team = (n) => `team ${n}`;
const show = (n) => `show ${n}`;

/** How many items a profile has: by a Pareto distribution of exponent 1 between bounds, so half of them have at most 20. */
const itemsOf = (next) => Math.floor(1 / (1 / LEAST - next() * (1 / LEAST - 1 / MOST)));

/** The items of a profile: two fifths games, two fifths episodes, the rest films. */
export function profile(number) {
  const next = random(number + 1);
  return Array.from({ length: itemsOf(next) }, (_, n) => {
    const kind = next();
    const duration = 1_200 + below(next, 6_000);
    const item = {
      asset: `asset-${n}`,
      progress: below(next, duration),
      duration,
      // No two items of a profile at the same moment.
      watchedAt: new Date(START + (n * 7_919 + below(next, 3_600)) * 1_000).toISOString(),
      sport: null,
      series: null,
      teams: [],
      show: null,
      season: null,
      episode: null,
    };
    if (kind < 0.4) {
      item.sport = sport(below(next, 4));
      item.series = series(below(next, 4));
      const home = below(next, 8);
      item.teams = [team(home), team((home + 1 + below(next, 7)) % 8)];
    } else if (kind < 0.8) {
      item.show = show(below(next, 6));
      item.season = 1 + below(next, 4);
      item.episode = 1 + below(next, 10);
    }
    return item;
  });
}

export const nameOf = (number) => `profile-${number}`;

const query = (values) => new URLSearchParams(values).toString();

/** A look-up of one of the seven kinds, as a path. */
export function lookUp(next, number) {
  const base = `/v1/profiles/${nameOf(number)}/history`;
  const [game, league] = [['sport', sport(below(next, 4))], ['series', series(below(next, 4))]];
  const of = ['show', show(below(next, 6))];
  switch (below(next, 7)) {
    case 0:
      return `${base}/asset-${below(next, LEAST)}`;
    case 1:
      return base;
    case 2:
      return `${base}?${query([game])}`;
    case 3:
      return `${base}?${query([game, league])}`;
    case 4:
      return `${base}?${query([game, league, ['team', team(below(next, 4))], ['team', team(4 + below(next, 4))]])}`;
    case 5:
      return `${base}?${query([of])}`;
    default:
      return `${base}?${query([of, ['season', 1 + below(next, 4)]])}`;
  }
}

/** What the recorder sends of an item that is at another place now. */
export function put(number, item, progress, at) {
  const { asset, ...rest } = item;
  const body = { ...rest, progress, watchedAt: new Date(at).toISOString() };
  return { path: `/v1/profiles/${nameOf(number)}/history/${asset}`, body: JSON.stringify(body) };
}
