/**
 * Where the texts of cassettes are kept. `@kimi-effect/testing/node` adds files.
 *
 * @since 0.1.0
 */
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Semaphore from "effect/Semaphore"
import type { CassetteStoreError } from "./CassetteErrors.ts"

/**
 * @category services
 * @since 0.1.0
 */
export class CassetteStore extends Context.Service<
  CassetteStore,
  {
    /** The text of a cassette, or `undefined` when there is none of this name. */
    readonly read: (name: string) => Effect.Effect<string | undefined, CassetteStoreError>
    /**
     * Replaces the text of a cassette by one that is made from the current text.
     * Updates of a cassette run one after the other, also those of other
     * processes that share the store; readers see the old text or the new one.
     * The text stays unchanged when `change` fails.
     */
    readonly update: <E>(
      name: string,
      change: (current: string | undefined) => Effect.Effect<string, E>
    ) => Effect.Effect<void, E | CassetteStoreError>
  }
>()("@kimi-effect/testing/CassetteStore") {}

/**
 * A store in memory, with the given texts by name.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory = (texts: { readonly [name: string]: string } = {}): Effect.Effect<CassetteStore["Service"]> =>
  Effect.map(Semaphore.make(1), (semaphore) => {
    const kept = new Map(Object.entries(texts))
    return CassetteStore.of({
      read: (name) => Effect.sync(() => kept.get(name)),
      update: (name, change) =>
        semaphore.withPermit(
          Effect.map(
            Effect.suspend(() => change(kept.get(name))),
            (text) => void kept.set(name, text)
          )
        )
    })
  })

/**
 * A store in memory for the lifetime of the layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (texts?: { readonly [name: string]: string }): Layer.Layer<CassetteStore> =>
  OptionRules.layerOrDie("CassetteStore", texts, (texts) => Layer.effect(CassetteStore, makeMemory(texts)))

/**
 * The same as `layerMemory`.
 *
 * @alias layerMemory
 * @category layers
 * @since 0.1.0
 */
export const layer: typeof layerMemory = layerMemory
