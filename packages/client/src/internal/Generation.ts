/** One configuration at work, from the swap that brings it until the last call that began with it has ended. */
import type { Values } from "@kimi-effect/core/KimiConfig"
import type { Settings } from "@kimi-effect/core/reload/Settings"
import * as Effect from "effect/Effect"
import type { KimiClient } from "../KimiClient.ts"

/** What a generation is built of. */
interface Parts {
  readonly settings: Settings
  readonly kimi: KimiClient["Service"]
  /** The options of every account. */
  readonly configs: ReadonlyMap<string, Values>
  /** The base URL of every account. */
  readonly hosts: ReadonlyMap<string, string>
  /** Gives back what the generation stands on. */
  readonly release: Effect.Effect<void>
}

export class Generation {
  readonly parts: Parts
  #calls = 0
  #isRetired = false

  constructor(parts: Parts) {
    this.parts = parts
  }

  /** A call begins. */
  enter(): this {
    this.#calls += 1
    return this
  }

  /** A call has ended. */
  readonly leave: Effect.Effect<void> = Effect.suspend(() => {
    this.#calls -= 1
    return this.#end()
  })

  /** No further calls begin. */
  readonly retire: Effect.Effect<void> = Effect.suspend(() => {
    this.#isRetired = true
    return this.#end()
  })

  #end(): Effect.Effect<void> {
    return this.#isRetired && this.#calls === 0 ? this.parts.release : Effect.void
  }
}
