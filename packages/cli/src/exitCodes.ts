/** The exit codes of the command. */
import type { Category } from "@kimi-effect/core/ErrorFacts"

/** The invocation is wrong: nothing was done. */
export const usage = 2

/** Ended by Ctrl-C: 128 and the number of SIGINT. */
export const interrupted = 130

/** The reader of the output has gone before its end, and what was left of it would have cost money: 128 and the number of SIGPIPE. */
export const notRead = 141

/** A defect of the command, or a file that cannot be read or written. */
export const other = 1

/** The code of each category of errors. They never change; further categories get further codes. */
export const byCategory: { readonly [C in Category]: number } = {
  configuration: 10,
  authentication: 11,
  network: 12,
  timeout: 13,
  "rate limit": 14,
  quota: 15,
  validation: 16,
  provider: 17,
  stream: 18,
  resilience: 19,
  money: 20,
  cache: 21,
  resource: 22,
  tool: 23,
  agent: 24,
  swarm: 25,
  journal: 26,
  batch: 27,
  testing: 28
}
