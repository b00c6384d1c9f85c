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

/** What most commands load. */
const mostCommands = /(?:cli\/src\/(?:handler|optionFlags|optionTexts|output|userFile)|core\/src\/ModelCatalog)\.ts$/

const build = await openBuild()
await build.write({
  dir: dist,
  format: "esm",
  minify: true,
  entryFileNames: "[name].js",
  chunkFileNames: "[name]-[hash].js",
  // Every further file delays the start. So what all commands load is one file, what most of them load another, and what
  // reads the options a third. The entry and what it loads are apart, because an old version of Node can load
  // nothing else, and because the compile cache is on only for what is loaded later.
  codeSplitting: {
    groups: [
      { name: "arguments", priority: 3, test: (id) => id.endsWith("cli/src/jsonArgument.ts") },
      { name: "start", priority: 2, tags: ["$initial"], test: (id) => !/cli\/src\/(?:bin|nodeVersion)\.ts$/.test(id) },
      { name: "options", priority: 1, test: (id) => mostCommands.test(id) },
      { name: "configuration", test: (id) => id.endsWith("cli/src/configuration.ts") }
    ]
  }
})
await build.close()
chmodSync(join(dist, "kimi.js"), 0o755)
// What the traffic of `kimi serve-mock` is read from.
cpSync(join(root, "packages/testing/fixtures"), join(dist, "fixtures"), { recursive: true })
