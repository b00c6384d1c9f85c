/** The jobs of the claims scenario: a batch and a swarm, next to one call after another with the basic client. */
import type { Figure } from "../harness/Figure.ts"
import { start } from "../harness/childProcess.ts"
import { type AgentsResult, agentSteps, type BatchResult, inFlight, latencyMillis, warmUp } from "./workload.ts"

const module = (name: string): URL => new URL(name, import.meta.url)

/** The result of one client at a separate host. */
const measure = async <A>(
  client: "v1" | "v2",
  host: string,
  probe: string,
  seed: string,
  count: number
): Promise<A> => {
  const server = await start<string>(module(host), [seed, `${count + warmUp}`])
  const child = await start<A>(module(probe), [client, server.message, `${count}`])
  await child.stop()
  await server.stop()
  return child.message
}

/** Rows with an answer per second: the basic client makes one call after another. */
export const measureBatch = async (seed: string, rows: number): Promise<ReadonlyArray<Figure>> => {
  const of = (client: "v1" | "v2") => measure<BatchResult>(client, "./host.ts", "./batchProbe.ts", seed, rows)
  const [v1, v2] = [await of("v1"), await of("v2")]
  const rateOf = ({ seconds, succeeded }: BatchResult): number => succeeded / seconds
  const ideal = (inFlight * 1_000) / latencyMillis
  return [
    { name: "rows of a batch that succeed, v1", value: v1.succeeded / rows, unit: "of 1", isHigherBetter: true },
    {
      name: "rows of a batch that succeed, v2",
      value: v2.succeeded / rows,
      unit: "of 1",
      threshold: 0.99,
      isHigherBetter: true
    },
    {
      name: "batch, rows with an answer per second, v2 over v1",
      value: rateOf(v2) / rateOf(v1),
      unit: "x",
      isHigherBetter: true
    },
    {
      name: `batch efficiency (1 is ${inFlight} calls in flight at a host without failures), v2`,
      value: rateOf(v2) / ideal,
      unit: "of 1",
      isHigherBetter: true
    }
  ]
}

/** Agents that finish per second: the basic client runs one after another. */
export const measureSwarm = async (seed: string, agents: number): Promise<ReadonlyArray<Figure>> => {
  const of = (client: "v1" | "v2") =>
    measure<AgentsResult>(client, "./agentsServer.ts", "./agentsProbe.ts", seed, agents)
  const [v1, v2] = [await of("v1"), await of("v2")]
  const rateOf = ({ finished, seconds }: AgentsResult): number => finished / seconds
  const what = `agents of ${agentSteps} steps that finish`
  return [
    { name: `${what}, v1`, value: v1.finished / agents, unit: "of 1", isHigherBetter: true },
    { name: `${what}, v2`, value: v2.finished / agents, unit: "of 1", threshold: 0.99, isHigherBetter: true },
    {
      name: `swarm speed-up, ${agents} agents that finish per second, v2 over v1`,
      value: rateOf(v2) / rateOf(v1),
      unit: "x",
      isHigherBetter: true
    }
  ]
}
