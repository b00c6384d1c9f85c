/** `kimi swarm`: the task, or a subcommand. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { handler } from "../handler.ts"
import * as Numbers from "../numberFlags.ts"
import { jsonFlag, optionFlags } from "../optionFlags.ts"
import { textArgument } from "../textParams.ts"
import { cancel, html, resume, runFlags, status } from "./swarmJournal.ts"

export const swarm = Command.make(
  "swarm",
  {
    task: textArgument("task", "a task of at least one word").pipe(
      Argument.withDescription("What the agents do together.")
    ),
    agents: Numbers.wholeNumber("agents").pipe(
      Flag.withDescription("The most sub-agents that the swarm starts. Default: 100."),
      Numbers.positive,
      Flag.withDefault(100)
    ),
    cost: Flag.String("cost").pipe(
      Flag.withDescription(
        "The most that the swarm may cost, such as '5 USD'. Each call holds what it can cost at the most, so give --max-tokens too. What one conclusion costs is kept for it: at the limit the swarm ends with a text from what there is, and with exit code 20. Default: no limit."
      ),
      Flag.withMetavar("amount"),
      Numbers.amount,
      Flag.optional
    ),
    maxTokens: Numbers.wholeNumber("max-tokens").pipe(
      Flag.withDescription("The most tokens of each response, reasoning included. Default: those of the model."),
      Numbers.positive,
      Flag.optional
    ),
    recording: runFlags,
    html,
    json: jsonFlag,
    options: optionFlags
  },
  handler(() => import("../handlers/swarm.ts"))
).pipe(
  Command.withDescription(
    "Runs a task with an orchestrator that creates agents without tools and assigns parts of the task to them. Shows what they do while they work: in a terminal the arrow keys select an agent, and Enter shows its details; elsewhere plain lines go to stderr."
  ),
  Command.withExamples([
    {
      command: "kimi swarm 'Compare five sorting algorithms' --html team.html",
      description: "A task with its timeline"
    },
    {
      command: "kimi swarm 'Compare five sorting algorithms' --cost '5 USD' --max-tokens 4000",
      description: "A task that costs five dollars at the most"
    },
    {
      command: "kimi swarm 'Compare five sorting algorithms' --journal team.db",
      description: "A task that continues where it was when the command is run again"
    }
  ]),
  Command.withSubcommands([status, resume, cancel])
)
