/**
 * What a program pays to start, and the memory of one that runs: `import`, the
 * bundle of a chat, and the peak of the resident memory, on packed packages.
 */
import type { Figure } from "../harness/Figure.ts"
import { start } from "../harness/childProcess.ts"
import { packedApp } from "../harness/packedApp.ts"
import { bundleFigures } from "./bundleFigures.ts"
import { importFigures } from "./importFigures.ts"
import { memoryFigures } from "./memoryFigures.ts"

export const run = async (isQuick: boolean): Promise<ReadonlyArray<Figure>> => {
  const rounds = isQuick ? 5 : 15
  const app = packedApp()
  const server = await start<string>(new URL("./server.ts", import.meta.url), [], [])
  try {
    return [
      ...(await importFigures(app, rounds)),
      ...(await bundleFigures(app, server, rounds)),
      ...(await memoryFigures(app, server.message, { calls: 20_000, rounds: isQuick ? 1 : 3 }))
    ]
  } finally {
    await server.stop()
  }
}
