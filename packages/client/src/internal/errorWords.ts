/**
 * What a host's words mean: `error.type` and `error.code` first, which hold
 * regardless of the status, then the message. Hosts and gateways send the same
 * refusal under different statuses, inside streams and under 200.
 */

/** A meaning that does not depend on the status. */
export type WordMeaning =
  | "quota"
  | "period limit"
  | "rate limit"
  | "context overflow"
  | "model not found"
  | "authentication"
  | "permission"
  | "content filter"

const words: ReadonlyArray<readonly [WordMeaning, ReadonlyArray<string>]> = [
  [
    "quota",
    [
      "exceeded_current_quota_error",
      "insufficient_quota",
      "insufficient_user_quota",
      "insufficient_balance",
      "insufficient_balance_error",
      "insufficient_credits",
      "insufficient_funds",
      "billing_error",
      "billing_not_active",
      "billing_hard_limit_reached",
      "billing_limit_exceeded",
      "budget_exceeded",
      "credit_balance_too_low",
      "quota_exceeded",
      "quota_exceeded_error",
      "payment_required",
      "account_suspended",
      "access_terminated_error",
      "arrearage"
    ]
  ],
  ["period limit", ["usage_limit_reached", "usage_limit_exceeded", "daily_limit_exceeded"]],
  ["rate limit", ["rate_limit_reached_error", "rate_limit_error", "rate_limit_exceeded", "too_many_requests"]],
  [
    "context overflow",
    [
      "context_length_exceeded",
      "context_length_exceeded_error",
      "context_window_exceeded",
      "context_window_exceeded_error",
      "contextwindowexceedederror",
      "exceed_context_size_error",
      "model_context_window_exceeded",
      "prompt_too_long"
    ]
  ],
  [
    "model not found",
    ["model_not_found", "model_not_available", "model_not_exist", "model_not_supported", "deploymentnotfound"]
  ],
  [
    "authentication",
    ["invalid_authentication_error", "incorrect_api_key_error", "authentication_error", "invalid_api_key"]
  ],
  ["permission", ["permission_denied_error", "permission_error"]],
  ["content filter", ["content_filter", "content_policy_violation", "data_inspection_failed"]]
]

const meaningByWord: ReadonlyMap<string, WordMeaning> = new Map(
  words.flatMap(([meaning, all]) => all.map((word) => [word, meaning] as const))
)

const meaningOfWord = (word: string | undefined): WordMeaning | undefined =>
  word === undefined || word.length > 64 ? undefined : meaningByWord.get(word.toLowerCase())

/** The meaning of an error's `code`, which is the more specific one, or of its `type`. */
export const meaningOfWords = (type: string | undefined, code: string | undefined): WordMeaning | undefined =>
  meaningOfWord(code) ?? meaningOfWord(type)

/** Only an account without money is described in these words. */
const unpaid =
  /insufficient (?:account |user )?(?:balance|credits?|funds|quota)|insufficient_(?:balance|quota|user_quota)|exceeded (?:your |the )?current (?:token )?quota|check your (?:account balance|plan and billing)|is suspended|billing cycle|billing (?:hard |soft )?limit|hard limit has been reached|balance (?:is )?(?:too low|exhausted|depleted|not enough)|not enough (?:balance|credits?|funds)|(?:out of|no remaining|requires? (?:more|additional)|exceeded (?:your )?available|run out of) credits?|payment (?:is )?(?:required|overdue)|past[ -]due|account is (?:in arrears|not active|overdue)|please (?:recharge|top[ -]?up)|budget has been exceeded|(?:余额|额度|配额|点数).{0,6}(?:不足|用尽|耗尽|用完)|欠费|请.{0,4}充值/i

/** A limit of a day or a longer period: waiting helps, but not within a call. */
const period =
  /\b[TR]PD\b|\bper[ -](?:day|week|month)\b|\b(?:daily|weekly|monthly)\b.{0,40}\b(?:limit|quota|cap|allowance)|\b(?:limit|quota|cap|allowance)\b.{0,40}\b(?:today|(?:the|this) (?:day|week|month)|daily|weekly|monthly)\b|\b\d{1,3}[ -]?(?:h|hours?|days?) (?:usage |rate |rolling |request |token )?(?:limit|window|quota)|\b(?:per|every|each|within|last|past|rolling) (?:the )?(?:last |past )?\d{1,3}[ -]?(?:h|hours?|d|days?|weeks?|months?)\b|\b(?:again|resets?) (?:at midnight|tomorrow|next (?:day|week|month))\b|\bsession (?:usage )?limit\b|(?:每日|每天|当日|今日|每周|本周|每月|本月).{0,12}(?:上限|限额|限制|额度|配额|次数)/i

/** An account's limit without a period. */
const usage =
  /usage limit|key limit exceeded|quota (?:has been |is |was )?(?:exceeded|exhausted|reached)|exceeded (?:your |the )?(?:\w{1,20} )?quota|spend(?:ing)? limit|(?:add|purchase|buy) (?:more )?credits/i

/** Some hosts call their limits per minute a quota. */
const perMinute = /per[ -]?(?:min|sec)|\b[RT]P[MS]\b|每分钟|每秒/i

/** Whether the text reports that the account's money or allowance is exhausted, or a limit of a longer period. */
export const quotaMeaning = (text: string): "quota" | "period limit" | undefined => {
  if (unpaid.test(text)) return "quota"
  if (period.test(text)) return "period limit"
  return usage.test(text) && !perMinute.test(text) ? "quota" : undefined
}

const noModelAtHost =
  /not found the model|is not a valid model|no (?:allowed )?(?:endpoints|providers) (?:found|available)|no such model|no available channel|deployment for this resource does not exist|try pulling it first|无可用渠道/i

const noModel =
  /\bmodels?\b.{0,120}\b(?:(?:is |was |could )?not (?:be )?(?:found|deployed)|(?:does|do) not exist|not exist|not available)|invalid model\b|unknown model\b|unable to access model|模型.{0,40}(?:不存在|未找到|无可用)/i

/** Whether the text can only mean that the host has no such model, so that the status does not matter. */
export const lacksModel = (text: string): boolean => noModelAtHost.test(text)

/** Whether the text of a refused request reports that the host has no such model. */
export const namesMissingModel = (text: string): boolean => lacksModel(text) || noModel.test(text)
