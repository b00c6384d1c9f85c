/** What every client of the claims scenario does, and how its host behaves. */

/** The clients: `v1` is one attempt without any stage, `v2` is the client with its defaults, without and with a cache. */
export const clients = ["v1", "v2", "v2 cached"] as const

export type Client = (typeof clients)[number]

/** The time that the host takes for a response. Real hosts take seconds, which would only raise the gain of a cache. */
export const latencyMillis = 20

export const latency = `${latencyMillis} millis` as const

/** The fraction of attempts that fail. */
export const failureRate = 0.1

/** Calls at the same time. */
export const inFlight = 32

/** Rows of the first batch, which is not measured. */
export const warmUp = 200

/** Prompts, of which the calls draw by Zipf's law with exponent 1, as questions of users are. */
export const prompts = 1_000

/** The time that the host takes for a step of an agent. */
export const agentLatency = "100 millis"

/** Calls of the model by each agent. */
export const agentSteps = 4

/** The result of the agents. */
export interface AgentsResult {
  readonly finished: number
  readonly seconds: number
}

/** The result of the rows. */
export interface BatchResult {
  readonly succeeded: number
  readonly seconds: number
}

/** The result of one client. */
export interface Result {
  /** Milliseconds of every call that succeeded. */
  readonly latencies: ReadonlyArray<number>
  readonly succeeded: number
  readonly seconds: number
  /** The fraction of calls that the cache answered. */
  readonly hitRate: number
  /** The fraction of the cost that the cache saved. */
  readonly saved: number
}
