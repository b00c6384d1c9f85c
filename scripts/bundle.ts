/**
 * Bundles the command into `packages/cli/dist`: `kimi.js`, which parses the
 * command line, and a chunk for each handler, loaded when its command runs. The
 * package has no dependencies, so that `npx` installs one tarball.
 */
import { chmodSync, cpSync, rmSync } from "node:fs"
import { join } from "node:path"
import { openBuild } from "./commandBuild.ts"
import { root } from "./tarballs.ts"

const dist = join(root, "packages/cli/dist")
rmSync(dist, { recursive: true, force: true })

const build = await openBuild()
await build.write({
  dir: dist,
  format: "esm",
  minify: true,
  entryFileNames: "[name].js",
  chunkFileNames: "[name]-[hash].js",
  // One file for everything that each command loads: every further file delays the start.
  // The entry and what it loads are apart, because an old version of Node can load nothing
  // else, and because the compile cache is on only for what is loaded later.
  codeSplitting: {
    groups: [
      { name: "arguments", priority: 2, test: (id) => id.endsWith("cli/src/jsonArgument.ts") },
      { name: "start", tags: ["$initial"], test: (id) => !/cli\/src\/(?:bin|nodeVersion)\.ts$/.test(id) }
    ]
  }
})
await build.close()
chmodSync(join(dist, "kimi.js"), 0o755)
// What the traffic of `kimi serve-mock` is read from.
cpSync(join(root, "packages/testing/fixtures"), join(dist, "fixtures"), { recursive: true })
