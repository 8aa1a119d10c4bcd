// Where oponn differs from graphql-js on purpose. The table in docs/graphql.md has the reasons; each difference
// is told apart as narrowly as can be.

const codes = (answer) => (answer.json.errors ?? []).map((error) => error.extensions?.code);

const PURPOSE = [
  {
    name: 'limits',
    applies: ({ judged, answer }) => judged.accepted && !('data' in answer.json) && codes(answer).every((code) => code === 'TOO_COMPLEX'),
  },
];

// The name of the difference that a case shows, if it is one of these.
export const purposeOf = (differing) => PURPOSE.find((known) => known.applies(differing))?.name;
