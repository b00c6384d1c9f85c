/**
 * What the host and its callers, which are processes of their own, tell each other.
 */
import type * as Admission from "@kimi-effect/core/Admission"
import type { RateLimits } from "@kimi-effect/core/RateLimits"

export interface Settings {
  readonly port: number
  readonly limits: { readonly [account: string]: RateLimits }
  readonly options: Omit<Admission.RedisOptions, "limits">
}

export type ToWorker =
  /** So many callers begin, each of which makes so many calls, one after the other, until one fails. */
  | {
      readonly type: "go"
      readonly account: string
      readonly callers: number
      readonly calls: number
      readonly tokens: ReadonlyArray<number>
    }
  | { readonly type: "over"; readonly id: number }
  /** Begin no more calls, and end when the last is over. */
  | { readonly type: "stop" }

export type FromWorker =
  | { readonly type: "ready" }
  | { readonly type: "begin"; readonly id: number; readonly account: string; readonly tokens: number }
  | { readonly type: "failed"; readonly account: string; readonly tag: string; readonly millis: number }
  | { readonly type: "log"; readonly level: string; readonly text: string }
