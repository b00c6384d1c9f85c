/**
 * The journal in a SQLite file and in PostgreSQL: the CPU time of a recorded call,
 * for 100 agents with 15 calls each and results of 2 KB, and the time to replay
 * this run when it is complete. Medians of several runs.
 */
import { start } from "../../harness/childProcess.ts"
import type { Figure } from "../../harness/Figure.ts"
import * as Postgres from "../postgres.ts"
import type { Result } from "./journalProbe.ts"

const agents = 100
const steps = 15

const measure = async (store: string, where: string, isQuick: boolean): Promise<Result> => {
  const args = [store, where, ...[agents, steps, isQuick ? 3 : 9].map(String)]
  const probe = await start<Result>(new URL("./journalProbe.ts", import.meta.url), args)
  await probe.stop()
  return probe.message
}

export const run = async (isQuick: boolean): Promise<ReadonlyArray<Figure>> => {
  const sqlite = await measure("sqlite", "", isQuick)
  const replayed = `time to replay ${agents * steps} calls from`
  return [
    { name: "CPU per call recorded in SQLite", value: sqlite.cpu, unit: "ms", threshold: 0.15 },
    { name: `${replayed} SQLite`, value: sqlite.replay, unit: "s", threshold: 0.2 },
    ...(await Postgres.orSkipped<Figure>("the journal in PostgreSQL", async (url) => {
      const server = await measure("postgres", url, isQuick)
      return [
        { name: "CPU per call recorded in PostgreSQL", value: server.cpu, unit: "ms", threshold: 0.8 },
        { name: `${replayed} PostgreSQL`, value: server.replay, unit: "s" }
      ]
    }))
  ]
}
