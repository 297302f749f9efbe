// What the programs that a test starts have in their environment, beside what they are told. Node keeps the compiled form of our
// modules in the folder that vitest.config.ts names: without it half of the processor time of a start is spent on compiling.

/** For `env` of a program of Node: nothing else of our own environment reaches it. */
export const programEnvironment: NodeJS.ProcessEnv = {
  PATH: process.env.PATH,
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
}
