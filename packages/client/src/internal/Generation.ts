/** One configuration at work, from the swap that brings it until the last call that began with it has ended. */
import type { Values } from "@kimi-effect/core/KimiConfig"
import type { Settings } from "@kimi-effect/core/Settings"
import * as Effect from "effect/Effect"
import type { KimiClient } from "../KimiClient.ts"

/** What a generation is built of. */
interface GenerationDependencies {
  readonly settings: Settings
  readonly client: KimiClient["Service"]
  /** The options of every account. */
  readonly configs: ReadonlyMap<string, Values>
  /** The base URL of every account. */
  readonly baseUrls: ReadonlyMap<string, string>
  /** Gives back what the generation stands on. */
  readonly close: Effect.Effect<void>
}

export class Generation {
  readonly dependencies: GenerationDependencies
  #activeCalls = 0
  #isRetired = false

  constructor(parts: GenerationDependencies) {
    this.dependencies = parts
  }

  /** A call begins. */
  acquire(): this {
    this.#activeCalls += 1
    return this
  }

  /** A call has ended. */
  readonly release: Effect.Effect<void> = Effect.suspend(() => {
    this.#activeCalls -= 1
    return this.#closeIfIdle()
  })

  /** No further calls begin. */
  readonly retire: Effect.Effect<void> = Effect.suspend(() => {
    this.#isRetired = true
    return this.#closeIfIdle()
  })

  #closeIfIdle(): Effect.Effect<void> {
    return this.#isRetired && this.#activeCalls === 0 ? this.dependencies.close : Effect.void
  }
}
