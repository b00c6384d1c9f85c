/**
 * `CassetteStore` of `@kimi-effect/testing`, with cassettes in the files of a
 * folder.
 *
 * @since 0.1.0
 */
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Main from "../CassetteStore.ts"
import * as CassetteFile from "./internal/cassetteFile.ts"

export * from "../CassetteStore.ts"

/**
 * Options of a store in files.
 *
 * @category options
 * @since 0.1.0
 */
export interface FileOptions {
  /** The folder of the cassettes, which is created when the first one is recorded. */
  readonly folder: string
}

/**
 * A store with one file for each cassette: `<folder>/<name>.json`.
 *
 * **Details**
 *
 * - A file is written to a temporary file that is renamed, so readers never see
 *   half of it. A new file is readable for its owner only.
 * - While a file is updated, `<name>.json.lock` locks it for other processes. A
 *   lock of a process that no longer runs is removed.
 * - Waiting for a lock uses the machine's clock, and fails after 10 seconds.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeFile = ({ folder }: FileOptions): Effect.Effect<Main.CassetteStore["Service"]> =>
  Effect.succeed(
    Main.CassetteStore.of({
      read: (name) => CassetteFile.read(folder, name),
      update: (name, change) => CassetteFile.update(folder, name, change)
    })
  )

const checked = ({ folder }: FileOptions): Effect.Effect<void> =>
  Effect.orDie(
    OptionRules.check("CassetteStore", [
      ["folder", typeof folder === "string" && folder.trim() !== "", "the path of a folder"]
    ])
  )

/**
 * A store in the files of a folder, as `makeFile` describes it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerFile = (options: FileOptions): Layer.Layer<Main.CassetteStore> =>
  OptionRules.layerOrDie("CassetteStore", options, (options) =>
    Layer.effect(Main.CassetteStore, Effect.andThen(checked(options), makeFile(options)))
  )
