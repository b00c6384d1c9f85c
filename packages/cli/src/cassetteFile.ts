/** The cassette in a file. */
import { existsSync } from "node:fs"
import { basename } from "node:path"
import * as Cassette from "@kimi-effect/testing/Cassette"
import { CassetteFormatError } from "@kimi-effect/testing/CassetteErrors"
import * as CassetteStore from "@kimi-effect/testing/CassetteStore"
import * as Effect from "effect/Effect"
import * as InputFile from "./inputFile.ts"

const noCassette = (path: string): CassetteFormatError =>
  new CassetteFormatError({
    message: `${path} is no cassette with a recorded request`,
    cassette: basename(path, ".json"),
    path: "interactions"
  })

/** Reads the cassette in a file, with or without its suffix. One without interactions is an error: the path is wrong. */
export const read = Effect.fnUntraced(function* (path: string) {
  const name = basename(path, ".json")
  const file = `${path.replace(/\.json$/, "")}.json`
  if (file !== path && existsSync(path)) {
    yield* InputFile.checkFile(path)
    return yield* noCassette(path)
  }
  yield* InputFile.checkFile(file)
  // Not the store of files: their names are of fewer letters, and its errors are those of a store.
  const store = CassetteStore.layerMemory({ [name]: yield* InputFile.read(file) })
  const cassette = yield* Effect.provide(Cassette.read(name), store)
  if (cassette.interactions.length > 0) return cassette
  return yield* noCassette(path)
})
