/** The cassette in a file. */
import { existsSync } from "node:fs"
import { basename, dirname } from "node:path"
import * as Cassette from "@kimi-effect/testing/Cassette"
import * as CassetteStore from "@kimi-effect/testing/node/CassetteStore"
import * as Effect from "effect/Effect"
import { CommandError } from "./commandError.ts"

/** Reads the cassette in a file, with or without its suffix. One without interactions is an error: the path is wrong. */
export const read = (path: string) =>
  Cassette.read(basename(path, ".json")).pipe(
    Effect.provide(CassetteStore.layerFile({ folder: dirname(path) })),
    Effect.filterOrFail(
      ({ interactions }) => interactions.length > 0,
      () => {
        const isMissing = !existsSync(`${path.replace(/\.json$/, "")}.json`)
        const reason = isMissing ? "does not exist" : "is no cassette with a recorded request"
        return new CommandError(`${path} ${reason}`, "Pass the file that Cassette.layer wrote.")
      }
    )
  )
