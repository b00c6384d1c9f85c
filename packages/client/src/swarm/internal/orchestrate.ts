/** The orchestrator of a swarm. */
import type { RunOptions } from "../SwarmOptions.ts"
import { assignOf } from "./assign.ts"
import * as DataMarks from "./dataMarks.ts"
import type { Job } from "./Job.ts"
import { granted, merged } from "./ownTools.ts"
import * as Program from "./program.ts"
import { runJob } from "./runJob.ts"
import { orchestrator, type Session } from "./Session.ts"
import type { Settings } from "./Settings.ts"
import type { Body } from "./start.ts"
import type { ToolSet } from "../../agent/ToolSet.ts"
import * as Effect from "effect/Effect"

const instructions = (agents: number, tools: ReadonlyArray<string>): string =>
  [
    "You coordinate a team of agents. Split the task into parts that do not depend on each other, create a sub-agent for each kind of part, and assign the parts.",
    "Assign all parts that can run in parallel in one turn. Do simple tasks yourself, without a sub-agent.",
    `At most ${agents} tasks can be assigned in all.`,
    tools.length === 0 ? "Sub-agents have no tools." : `Sub-agents can be granted these tools: ${tools.join(", ")}.`,
    "A sub-agent that stopped may have a result in part. When you have enough, write the final answer without calling a tool.",
    DataMarks.rule
  ].join("\n")

/** The orchestrator and what it can start. */
export const bodyOf =
  <R>(task: string, options: RunOptions<R>, own: ToolSet) =>
  (settings: Settings<R>): Body<R> => {
    const { orchestrator: profile = {}, subAgentTools, tools } = options
    const grants = { own, tools: granted(tools, subAgentTools) }
    const rules = instructions(settings.agents, grants.tools?.names ?? [])
    const job: Job<R> = {
      id: orchestrator,
      name: orchestrator,
      stage: 0,
      after: [],
      system: profile.system === undefined ? rules : `${profile.system}\n\n${rules}`,
      prompt: task,
      tools: merged(own, granted(tools, profile.tools ?? [])),
      depth: 0,
      rank: 0,
      limits: { duration: "365 days", ...profile.limits },
      request: profile.request
    }
    return {
      program: Program.ofTask(task),
      forms: new Map(),
      orchestrator: job,
      run: (session: Session<R>) => Effect.asVoid(runJob(session, job, assignOf(session, grants, job)))
    }
  }
