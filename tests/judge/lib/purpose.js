// Where oponn differs from graphql-js on purpose. The table in docs/graphql.md has the reasons; each difference
// is told apart as narrowly as can be.

const codes = (answer) => (answer.json.errors ?? []).map((error) => error.extensions?.code);

export const PURPOSE = [
  {
    name: 'limits',
    applies: ({ judged, answer }) => judged.accepted && !('data' in answer.json) && codes(answer).every((code) => code === 'TOO_COMPLEX'),
  },
];
