/** The build of the command from its sources, for its bundle and for the list of what is in it. */
import { join } from "node:path"
import { type OutputBundle, rolldown, type RolldownBuild } from "rolldown"
import { root } from "./tarballs.ts"

/** The folder of the recorded traffic is next to the bundle. */
const fixtures = {
  name: "fixtures",
  transform: (code: string, id: string) =>
    id.endsWith("testing/src/node/Fixtures.ts") ? code.replace('"../../fixtures/', '"./fixtures/') : undefined
}

/**
 * Effect's module of help texts makes an `Intl.Segmenter` when it is loaded, which reads the
 * data of all scripts: a sixth of the time of a command that prints no table. Here it
 * is made when a width is measured.
 */
const segmenter = {
  name: "segmenter",
  transform: (code: string, id: string) => {
    if (!id.endsWith("effect/dist/cli/CliOutput.js")) return undefined
    const eager = /const graphemeSegmenter = (?:\/\*#__PURE__\*\/)?\s*(new Intl\.Segmenter\([^)]*\));/
    if (!eager.test(code))
      throw new Error("scripts/commandBuild.ts: CliOutput makes no segmenter any more; remove the plugin")
    return code.replace(
      eager,
      "let madeSegmenter; const graphemeSegmenter = { segment: (text) => (madeSegmenter ??= $1).segment(text) };"
    )
  }
}

/** A file with other characters is held in memory with two bytes for each of its characters, and takes longer to decode. */
const ascii = {
  name: "ascii",
  generateBundle: (_: unknown, bundle: OutputBundle) => {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== "chunk") continue
      if (/String\.raw`[^`]*[^\0-\x7f]/.test(chunk.code)) {
        throw new Error(`scripts/commandBuild.ts: a raw string of ${chunk.fileName} has a character that is not ASCII`)
      }
      chunk.code = chunk.code.replaceAll(
        /[^\0-\x7f]/g,
        (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
      )
    }
  }
}

/** The texts of options, which the build evaluates: the table that they are from takes a third of the start of a command. */
const optionTexts = {
  name: "optionTexts",
  load: async (id: string) => {
    if (!id.endsWith("cli/src/optionTexts.ts")) return undefined
    const { optionTexts } = (await import(id)) as typeof import("../packages/cli/src/optionTexts.ts")
    return `export const optionTexts = ${JSON.stringify(optionTexts)}`
  }
}

export const openBuild = (): Promise<RolldownBuild> =>
  rolldown({
    input: { kimi: join(root, "packages/cli/src/bin.ts"), main: join(root, "packages/cli/src/main.ts") },
    platform: "node",
    plugins: [fixtures, optionTexts, segmenter, ascii],
    checks: { ineffectiveDynamicImport: false }
  })
