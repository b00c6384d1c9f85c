/** The cassette in a file. */
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
      () =>
        new CommandError(`${path} is no cassette with a recorded request`, "Pass the file that Cassette.layer wrote.")
    )
  )
