import { defineConfig } from "vitest/config"

/**
 * Test files share the modules of their worker: loading them again for each of
 * seven hundred files takes longer than the tests.
 */
const project = (name: string, folder: string, options: object) => ({
  test: {
    name,
    root: folder,
    include: ["test/**/*.test.ts"],
    testTimeout: process.env["KIMI_CHECK"] === "deep" ? 1_800_000 : 30_000,
    ...options
  }
})

/** Tests that replace modules, which others would get too. */
const replacingModules = ["test/node/internal/undiciModules.test.ts"]

export default defineConfig({
  test: {
    // The default leaves a core to the main process, which has little to do.
    maxWorkers: "100%",
    projects: [
      project("core", "packages/core", { isolate: false }),
      project("client", "packages/client", { isolate: false, exclude: ["test/node/**"] }),
      project("client-node", "packages/client", {
        isolate: false,
        include: ["test/node/**/*.test.ts"],
        exclude: replacingModules
      }),
      project("client-modules", "packages/client", { include: replacingModules }),
      project("testing", "packages/testing", { isolate: false }),
      project("bench", "packages/bench", { isolate: false }),
      project("cli", "packages/cli", { isolate: false }),
      project("examples", "examples", { isolate: false, include: ["{,service/}test/**/*.test.ts"] })
    ]
  }
})
