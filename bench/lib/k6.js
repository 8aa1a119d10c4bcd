// Where k6 is.

/** What a part says that needs it and cannot have it. */
export const NO_K6 = 'k6 is not there and this part was not measured: put it on the PATH, or install Go, with which it is built.\n';

/** The k6 that bench/run.sh has found or built; undefined when there is none. */
export const k6 = () => process.env.BENCH_K6;
