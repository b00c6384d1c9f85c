/** The cassette in a file. */
import { basename, dirname } from "node:path"
import * as Cassette from "@kimi-effect/testing/Cassette"
import { CassetteFormatError } from "@kimi-effect/testing/CassetteErrors"
import * as CassetteStore from "@kimi-effect/testing/node/CassetteStore"
import * as Effect from "effect/Effect"
import * as InputFile from "./inputFile.ts"

/** Reads the cassette in a file, with or without its suffix. One without interactions is an error: the path is wrong. */
export const read = Effect.fnUntraced(function* (path: string) {
  const name = basename(path, ".json")
  yield* InputFile.check(`${path.replace(/\.json$/, "")}.json`)
  const store = CassetteStore.layerFile({ folder: dirname(path) })
  const cassette = yield* Effect.provide(Cassette.read(name), store)
  if (cassette.interactions.length > 0) return cassette
  return yield* new CassetteFormatError({
    message: `${path} is no cassette with a recorded request`,
    cassette: name,
    path: "interactions"
  })
})
