/** A configuration with its client and resources, in use until the last call that started with it has ended. */
import type { Values } from "@kimi-effect/core/KimiConfig"
import type { Settings } from "@kimi-effect/core/Settings"
import * as Effect from "effect/Effect"
import type { KimiClient } from "../KimiClient.ts"

/** The parts of a generation. */
interface GenerationDependencies {
  readonly settings: Settings
  readonly client: KimiClient["Service"]
  /** The options of every account. */
  readonly configs: ReadonlyMap<string, Values>
  /** The base URL of every account. */
  readonly baseUrls: ReadonlyMap<string, string>
  /** Releases the resources of the generation. */
  readonly close: Effect.Effect<void>
}

/** Counts its running calls, and closes when it is retired and idle. */
export class Generation {
  readonly dependencies: GenerationDependencies
  #activeCalls = 0
  #isRetired = false

  constructor(dependencies: GenerationDependencies) {
    this.dependencies = dependencies
  }

  /** Starts a call. */
  acquire(): this {
    this.#activeCalls += 1
    return this
  }

  /** Ends a call. */
  readonly release: Effect.Effect<void> = Effect.suspend(() => {
    this.#activeCalls -= 1
    return this.#closeIfIdle()
  })

  /** Ends the generation: no further calls start. */
  readonly retire: Effect.Effect<void> = Effect.suspend(() => {
    this.#isRetired = true
    return this.#closeIfIdle()
  })

  #closeIfIdle(): Effect.Effect<void> {
    return this.#isRetired && this.#activeCalls === 0 ? this.dependencies.close : Effect.void
  }
}
