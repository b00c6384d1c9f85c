/** The points of the curves, and what is measured at them. */

/** The contestants: the lower bound, the peer that others build on, and kimi-effect. */
export const names = ["undici", "openai", "kimi-effect", "kimi-effect, full"] as const

export type Name = (typeof names)[number]

/** Calls at the same time. */
export const inFlight = [1, 8, 64, 250, 500] as const

/** Content chunks of a stream, each a write. */
export const chunks = [100, 1_000, 10_000] as const

/** Base URLs: of a host that answers chats, and of one for each stream length. */
export interface Urls {
  readonly chat: string
  readonly streams: ReadonlyArray<string>
}

/** One point of a curve, by its index. */
export interface Point {
  readonly curve: "perCall" | "perChunk"
  readonly at: number
}

/** The work of a contestant in one round. */
export interface Round {
  readonly urls: Urls
  /** Every point once, in the order in which they are measured. */
  readonly order: ReadonlyArray<Point>
  /** Calls at each point. */
  readonly calls: number
  /** Chunks at each point, in as many streams as that takes. */
  readonly chunks: number
}

/** Microseconds of CPU at each point. */
export type RoundResult = Readonly<Record<Point["curve"], ReadonlyArray<number>>>

/** The points of both curves. */
export const points: ReadonlyArray<Point> = [
  ...inFlight.map((_, at) => ({ curve: "perCall", at }) as const),
  ...chunks.map((_, at) => ({ curve: "perChunk", at }) as const)
]
