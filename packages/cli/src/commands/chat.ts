/** `kimi chat` */
import { hostReasoningEfforts, reasoningEfforts } from "@kimi-effect/core/ModelCatalog"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { read } from "../commandWords.ts"
import { handler } from "../handler.ts"
import * as Numbers from "../numberFlags.ts"
import { jsonFlag, optionFlags } from "../optionFlags.ts"
import { pathFlag } from "../pathParams.ts"
import { textFlag } from "../textParams.ts"

export const chat = Command.make(
  "chat",
  {
    prompt: Argument.String("prompt").pipe(
      Argument.withDescription(
        "The words of the prompt. Piped input follows it. Without both, the chat is interactive."
      ),
      Argument.variadic()
    ),
    system: textFlag("system").pipe(Flag.withDescription("Instructions for the model."), Flag.optional),
    image: pathFlag("image").pipe(
      Flag.withDescription("Image or video of the prompt; repeat it for several. Larger ones are uploaded."),
      Flag.withMetavar("file"),
      Flag.between(0, 20)
    ),
    file: pathFlag("file").pipe(
      Flag.withDescription("Document whose text the host extracts; repeat it for several. It is deleted afterwards."),
      Flag.withMetavar("file"),
      Flag.between(0, 20)
    ),
    effort: Flag.Literals("effort", hostReasoningEfforts).pipe(
      Flag.withDescription(
        `Thinking effort of K3 models: ${reasoningEfforts.join(", ")}. Hosts other than Moonshot have further ones.`
      ),
      Flag.optional
    ),
    maxTokens: Numbers.wholeNumber("max-tokens").pipe(
      Flag.withDescription("The most tokens of the response, reasoning included."),
      Numbers.positive,
      Flag.optional
    ),
    stream: Flag.Boolean("stream").pipe(
      Flag.withDescription("Writes the response while it is generated. Default: in a terminal only."),
      Flag.optional
    ),
    history: pathFlag("history").pipe(
      Flag.withDescription("Conversation that is continued if the file exists, and kept in it after each response."),
      Flag.withMetavar("file"),
      Flag.optional
    ),
    mcp: Flag.String("mcp").pipe(
      // Its first word is the program: "" is none.
      Flag.filter(
        (server) => (read(server).words[0] ?? server.trim()) !== "",
        () => "a command in one argument, or a URL"
      ),
      Flag.withDescription(
        "MCP server whose tools the model may call: a command in one argument, with quotes and backslashes as in a shell, or a URL; repeat it for several. Each call is confirmed in the terminal. The server gets the environment without variables that begin with KIMI_ or MOONSHOT_ or end with API_KEY or APIKEY, DATABASE_URL, REDIS_URL and PGPASSWORD. A URL has no user or password."
      ),
      Flag.withMetavar("server"),
      Flag.between(0, 20)
    ),
    yes: Flag.Boolean("yes").pipe(
      Flag.withDescription("Runs tools without confirmation. Required by --mcp where there is no terminal."),
      Flag.withDefault(false)
    ),
    json: jsonFlag,
    options: optionFlags
  },
  handler(() => import("../handlers/chat.ts"))
).pipe(
  Command.withDescription(
    "Sends one prompt, or holds a conversation. With --json, the response is one document, or with --stream one event per line."
  ),
  Command.withExamples([
    { command: "kimi chat What is a monad?", description: "One question" },
    { command: "git diff | kimi chat Review this", description: "Piped input" },
    { command: "kimi chat", description: "A conversation" },
    { command: 'kimi chat --mcp "npx -y @modelcontextprotocol/server-filesystem ."', description: "Tools of a server" }
  ])
)
