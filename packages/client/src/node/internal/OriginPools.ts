/**
 * The pools of all origins that a client calls.
 *
 * @since 0.1.0
 */
import type * as Context from "effect/Context"
import { OriginPool, type PoolLimits } from "./OriginPool.ts"

/** Makes the pool of an origin when it is first called. */
export class OriginPools {
  readonly #limits: PoolLimits
  readonly #context: Context.Context<never>
  readonly #byOrigin = new Map<string, OriginPool>()

  constructor(limits: PoolLimits, context: Context.Context<never>) {
    this.#limits = limits
    this.#context = context
  }

  /** The pool of an origin, such as `https://api.moonshot.ai`. */
  of(origin: string): OriginPool {
    const known = this.#byOrigin.get(origin)
    if (known !== undefined) return known
    const pool = new OriginPool(origin, this.#limits, this.#context)
    this.#byOrigin.set(origin, pool)
    return pool
  }
}
