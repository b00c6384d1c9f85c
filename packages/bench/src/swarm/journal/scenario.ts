/**
 * The journal in a SQLite file: the CPU time of a recorded call, for 100 agents
 * with 15 calls each and results of 2 KB, and the time to replay this run when
 * it is complete. Medians of several runs in one file.
 */
import { start } from "../../harness/childProcess.ts"
import type { Figure } from "../../harness/Figure.ts"
import type { Result } from "./sqliteProbe.ts"

const agents = 100
const steps = 15

export const run = async (isQuick: boolean): Promise<ReadonlyArray<Figure>> => {
  const args = [agents, steps, isQuick ? 3 : 9].map(String)
  const probe = await start<Result>(new URL("./sqliteProbe.ts", import.meta.url), args)
  await probe.stop()
  const { cpu, replay } = probe.message
  return [
    { name: "CPU per call recorded in SQLite", value: cpu, unit: "ms", threshold: 0.15 },
    { name: `time to replay ${agents * steps} calls from SQLite`, value: replay, unit: "s", threshold: 0.2 }
  ]
}
