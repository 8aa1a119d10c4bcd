// Runs graphql-http's audit of a server and prints one JSON object a line: what was asked for, and how it went.
//
//   node audit.js http://127.0.0.1:8080/graphql
import { serverAudits } from 'graphql-http';

for (const audit of serverAudits({ url: process.argv[2] })) {
  const result = await audit.fn();
  console.log(JSON.stringify({ id: audit.id, name: audit.name, status: result.status, reason: result.reason }));
}
