/** What every contestant does in one round, and the CPU time that each workload may take compared with openai-node. */

/** The workloads. */
export const workloads = {
  chatAlone: { name: "CPU per chat, one at a time", defaults: 0.27, full: 0.42, fetch: 0.9 },
  chatInFlight: { name: "CPU per chat, 64 in flight", defaults: 0.27, full: 0.4 },
  batchedStream: { name: "CPU per chunk, 32 in a write", defaults: 0.36, full: 0.4 },
  unbatchedStream: { name: "CPU per chunk, each a write", defaults: 0.58, full: 0.62 },
  openStreams: { name: "CPU per chunk, 32 streams of 50", defaults: 0.42, full: 0.5, fetch: 0.95 }
} as const

export type Workload = keyof typeof workloads

/** Base URLs by kind of response. */
export interface Urls {
  readonly chat: string
  /** `chunkCount` chunks, 32 in a write. */
  readonly batched: string
  /** `chunkCount` chunks, each a write. */
  readonly unbatched: string
  /** `shortChunkCount` chunks, each a write. */
  readonly short: string
  /** A stream that stalls after its first content. */
  readonly hold: string
}

/** Content chunks of a long stream. */
export const chunkCount = 1_000

/** Content chunks of a short stream. */
export const shortChunkCount = 50

/** The work of one round. */
export interface Round {
  readonly urls: Urls
  readonly callsAlone: number
  readonly callsInFlight: number
  readonly longStreams: number
  readonly shortStreams: number
}

/** Microseconds of CPU per call or per chunk. */
export type RoundResult = { readonly [W in Workload]: number }
