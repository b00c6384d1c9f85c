/** `kimi swarm` */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { handler } from "../handler.ts"
import { jsonFlag, optionFlags } from "../optionFlags.ts"

export const swarm = Command.make(
  "swarm",
  {
    task: Argument.String("task").pipe(Argument.withDescription("What the agents do together.")),
    agents: Flag.Int("agents").pipe(
      Flag.withDescription("The most sub-agents that the swarm starts. Default: 100."),
      Flag.withDefault(100)
    ),
    html: Flag.String("html").pipe(
      Flag.withDescription("Writes the timeline of the agents as a page."),
      Flag.withMetavar("file"),
      Flag.optional
    ),
    json: jsonFlag,
    options: optionFlags
  },
  handler(() => import("../handlers/swarm.ts"))
).pipe(
  Command.withDescription(
    "Runs a task with an orchestrator that creates agents without tools and assigns parts of the task to them. Shows what they do while they work: in a terminal the arrow keys select an agent, and Enter shows its details; elsewhere plain lines go to stderr."
  ),
  Command.withShortDescription("Run a task with a team of agents"),
  Command.withExamples([
    {
      command: "kimi swarm 'Compare five sorting algorithms' --html team.html",
      description: "A task with its timeline"
    }
  ])
)
