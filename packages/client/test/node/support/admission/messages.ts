/**
 * The messages between the host and its callers, which are separate processes.
 */
import type * as Admission from "@kimi-effect/core/Admission"
import type { RateLimits } from "@kimi-effect/core/RateLimits"

export interface Settings {
  readonly port: number
  readonly limits: { readonly [account: string]: RateLimits }
  readonly options: Omit<Admission.RedisOptions, "limits">
}

export type ToWorker =
  /** Starts `callers` callers, each of which makes `calls` calls in sequence until one fails. */
  | {
      readonly type: "go"
      readonly account: string
      readonly callers: number
      readonly calls: number
      readonly tokens: ReadonlyArray<number>
    }
  | { readonly type: "over"; readonly id: number }
  /** Starts no more calls, and exits after the last. */
  | { readonly type: "stop" }

export type FromWorker =
  | { readonly type: "ready" }
  | { readonly type: "begin"; readonly id: number; readonly account: string; readonly tokens: number }
  | { readonly type: "failed"; readonly account: string; readonly tag: string; readonly millis: number }
  | { readonly type: "log"; readonly level: string; readonly text: string }
