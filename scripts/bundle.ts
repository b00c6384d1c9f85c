/**
 * Bundles the command into `packages/cli/dist`: `kimi.js`, which parses the
 * command line, and a chunk for each handler, loaded when its command runs. The
 * package has no dependencies, so that `npx` installs one tarball.
 */
import { chmodSync, cpSync, rmSync } from "node:fs"
import { join } from "node:path"
import { rolldown } from "rolldown"
import { root } from "./tarballs.ts"

const dist = join(root, "packages/cli/dist")
rmSync(dist, { recursive: true, force: true })

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
      throw new Error("scripts/bundle.ts: CliOutput makes no segmenter any more; remove the plugin")
    return code.replace(
      eager,
      "let madeSegmenter; const graphemeSegmenter = { segment: (text) => (madeSegmenter ??= $1).segment(text) };"
    )
  }
}

const build = await rolldown({
  input: { kimi: join(root, "packages/cli/src/bin.ts"), main: join(root, "packages/cli/src/main.ts") },
  platform: "node",
  plugins: [fixtures, segmenter],
  checks: { ineffectiveDynamicImport: false }
})
await build.write({
  dir: dist,
  format: "esm",
  minify: true,
  entryFileNames: "[name].js",
  chunkFileNames: "[name]-[hash].js",
  // One file for everything that each command loads: every further file delays the start.
  codeSplitting: { groups: [{ name: "start", tags: ["$initial"], test: (id) => !id.endsWith("src/bin.ts") }] }
})
await build.close()
chmodSync(join(dist, "kimi.js"), 0o755)
// What the traffic of `kimi serve-mock` is read from.
cpSync(join(root, "packages/testing/fixtures"), join(dist, "fixtures"), { recursive: true })
