// Waiting for a moment: clients that begin something together, and one that looks at the servers in between.

import { sleep } from 'k6';

// Until a time in milliseconds, as Date.now() has it.
export const until = (time) => sleep(Math.max(0, time - Date.now()) / 1000);
