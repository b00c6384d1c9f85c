/** The replies to requests that call no model: models, token estimates, the balance and files. */
import * as ModelCatalog from "@kimi-effect/core/ModelCatalog"
import type { Balance } from "@kimi-effect/core/Balance"
import type { Model } from "@kimi-effect/core/ModelList"
import * as Reply from "../../Reply.ts"
import type { FileRequest, HostFiles } from "../host/HostFiles.ts"
import type { Options } from "./Settings.ts"

const liveModels: ReadonlyArray<Model> = ModelCatalog.knownModels
  .filter(({ lifecycle }) => lifecycle.state === "live")
  .map(({ id }) => ({ id }))

const defaultBalance: Balance = { available_balance: 12.5, voucher_balance: 10, cash_balance: 2.5 }

const modelsReply = ({ models = liveModels }: Options): Reply.Explicit =>
  "_tag" in models
    ? models
    : Reply.json({ object: "list", data: models.map((model) => ({ object: "model", ...withoutUndefined(model) })) })

const balanceReply = ({ balance = defaultBalance }: Options): Reply.Explicit =>
  "_tag" in balance ? balance : Reply.json({ code: 0, data: withoutUndefined(balance), scode: "0x0", status: true })

const estimateReply = ({ tokenEstimate = 80 }: Options): Reply.Explicit =>
  typeof tokenEstimate === "number" ? Reply.json({ data: { total_tokens: tokenEstimate } }) : tokenEstimate

const withoutUndefined = (value: object) => JSON.parse(JSON.stringify(value))

/** The reply to a request, whose version may be any. */
export const make = (options: Options, files: HostFiles): ((request: FileRequest) => Reply.Explicit) => {
  const routes: ReadonlyArray<readonly [method: string, ending: string, reply: Reply.Explicit]> = [
    ["GET", "/models", modelsReply(options)],
    ["GET", "/users/me/balance", balanceReply(options)],
    ["POST", "/tokenizers/estimate-token-count", estimateReply(options)]
  ]
  return (request) => {
    const { method, path } = request
    const found = routes.find(([expected, ending]) => expected === method && path.endsWith(ending))?.[2]
    if (found !== undefined) return found
    return (
      files.respond(request) ??
      Reply.json(
        {
          error: {
            message: `The requested resource was not found: ${method} ${path}`,
            type: "resource_not_found_error"
          }
        },
        { status: 404 }
      )
    )
  }
}
