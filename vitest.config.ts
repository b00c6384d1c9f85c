import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    projects: [
      ...["core", "client", "testing", "cli"].map((name) => ({ name, root: `packages/${name}` })),
      { name: "examples", root: "examples" }
    ].map(({ name, root }) => ({
      test: { name, root, include: ["{,service/}test/**/*.test.ts"], testTimeout: 30_000 }
    }))
  }
})
