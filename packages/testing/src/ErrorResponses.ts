/**
 * Every known error response of the Kimi API, as data. Messages are the literal
 * texts with plausible values for ids and counts.
 *
 * Source: Moonshot's error page (April and August 2026), recorded probes, a
 * gateway author's measurements, and the error pages of the proxies in front of the API.
 *
 * @since 0.1.0
 */

/**
 * One error response.
 *
 * @category models
 * @since 0.1.0
 */
export interface ErrorResponse {
  readonly status: number
  /** The `error.type` of the body. Absent when the host sends none. */
  readonly type?: string
  /** The `error.message` of the body. */
  readonly message?: string
  /** The raw body, when it is not an error object. */
  readonly body?: string
  readonly headers?: { readonly [name: string]: string }
}

const org = "org-00000000000000000000000000000000"
const account = `Your account ${org}<ak-00000000000000000000>`

const invalid = (message: string): ErrorResponse => ({ status: 400, type: "invalid_request_error", message })
const toolSchema = (reason: string): ErrorResponse =>
  invalid(
    "Invalid request: tools.function.parameters is not a valid moonshot flavored json schema, details: " +
      `<At path 'properties.unit': ${reason}>`
  )
const quota = (message: string): ErrorResponse => ({ status: 429, type: "exceeded_current_quota_error", message })
const rateLimited = (message: string, seconds?: number): ErrorResponse => ({
  status: 429,
  type: "rate_limit_reached_error",
  message,
  ...(seconds === undefined
    ? {}
    : {
        headers: {
          "msh-cooldown-seconds": `${seconds}`,
          "retry-after": `${seconds}`,
          "x-retry-after": `${seconds}`
        }
      })
})
const htmlPage = (status: number, title: string, server: string): ErrorResponse => ({
  status,
  body:
    `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n` +
    `<center><h1>${title}</h1></center>\r\n<hr><center>${server}</center>\r\n</body>\r\n</html>\r\n`,
  headers: { "content-type": "text/html", server }
})
const cloudflarePage = (status: number, title: string): ErrorResponse => ({
  status,
  body:
    `<!DOCTYPE html>\n<html lang="en-US">\n<head><title>api.moonshot.ai | ${status}: ${title}</title></head>\n<body>\n` +
    `<h1><span>${title}</span> <span class="code-label">Error code ${status}</span></h1>\n` +
    `<div>Cloudflare Ray ID: <strong>0000000000000000</strong></div>\n</body>\n</html>\n`,
  headers: { "content-type": "text/html; charset=UTF-8", server: "cloudflare", "cf-ray": "0000000000000000-SIN" }
})

/**
 * The error responses by name.
 *
 * @category constants
 * @since 0.1.0
 */
export const errorResponses = {
  contentFilter: {
    status: 400,
    type: "content_filter",
    message: "The request was rejected because it was considered high risk"
  },
  invalidRequest: invalid("Invalid request: messages is required"),
  inputTooLong: invalid("Input token length too long"),
  modelTokenLimit: invalid("Invalid request: Your request exceeded model token limit : 262144"),
  modelTokenLimitRequested: invalid(
    "Invalid request: Your request exceeded model token limit : 262144 (requested: 300123)"
  ),
  invalidPurpose: invalid("Invalid purpose: only 'file-extract' accepted"),
  fileTooLarge: invalid("File size is too large, max file size is 100MB, please confirm and re-upload the file"),
  fileEmpty: invalid("File size is zero, please confirm and re-upload the file"),
  tooManyFiles: invalid(
    "The number of files you have uploaded exceeded the max file count 1000, please delete previous uploaded files"
  ),
  invalidTemperature: invalid("invalid temperature: only 1 is allowed for this model"),
  invalidTopP: invalid("invalid top_p: only 0.95 is allowed for this model"),
  invalidN: invalid("invalid n: only 1 is allowed for this model"),
  invalidPresencePenalty: invalid("invalid presence_penalty: only 0 is allowed for this model"),
  invalidFrequencyPenalty: invalid("invalid frequency_penalty: only 0 is allowed for this model"),
  stopTooLong: invalid("stop array too long. Expected an array with maximum length 5, but got 6"),
  toolChoiceRequired: invalid("tool_choice 'required' is incompatible with thinking enabled"),
  toolChoiceSpecified: invalid("tool_choice 'specified' is incompatible with thinking enabled"),
  thinkingDisabled: invalid("invalid thinking: only type=enabled is allowed for this model"),
  unknownToolType: invalid("Invalid request: unknown tool type: , currently only function and plugin are supported"),
  duplicatedFunction: invalid("Invalid request: function name get_weather is duplicated"),
  emptyMessage: invalid("Invalid request: the message at position 3 with role 'assistant' must not be empty"),
  emptyTextPart: invalid("Invalid request: text content is empty"),
  toolCallIdNotFound: invalid("Invalid request: tool_call_id  is not found"),
  insufficientToolMessages: invalid(
    "Invalid request: an assistant message with 'tool_calls' must be followed by tool messages responding to each " +
      "'tool_call_id' (insufficient tool messages following tool_calls message)"
  ),
  missingReasoning: invalid(
    "thinking is enabled but reasoning_content is missing in assistant tool call message at index 2"
  ),
  toolSchemaNoType: toolSchema("type is not defined"),
  toolSchemaAnyOf: toolSchema("when using anyOf, type should be defined in anyOf items instead of the parent schema"),
  toolSchemaRef: toolSchema(
    "when using $ref, type should be defined in the referenced schema instead of the parent schema"
  ),
  toolSchemaEnum: toolSchema("enum value (true) does not match any type in [string]"),
  toolSchemaRoot: invalid('Invalid request: tools.function.parameters.type is required and must be "object"'),
  unsupportedImage: invalid("Invalid request: unsupported image format: image/svg+xml"),
  unsupportedImageUrl: invalid("Invalid request: unsupported image url: https://example.com/cat.png"),
  missingVersionHeader: invalid("missing required header Kimi-Api-Version"),
  invalidAuthentication: { status: 401, type: "invalid_authentication_error", message: "Invalid Authentication" },
  incorrectApiKey: { status: 401, type: "incorrect_api_key_error", message: "Incorrect API key provided" },
  apiNotOpen: { status: 403, type: "permission_denied_error", message: "The API you are accessing is not open" },
  otherUserInfo: {
    status: 403,
    type: "permission_denied_error",
    message: "You are not allowed to get other user info"
  },
  ipNotAllowed: {
    status: 403,
    type: "permission_denied_error",
    message: "Your IP is not allowed to access this organization"
  },
  forbiddenBalance: { status: 403, message: "Insufficient balance, please recharge your account" },
  modelNotFound: {
    status: 404,
    type: "resource_not_found_error",
    message: "Not found the model kimi-k2.5 or Permission denied"
  },
  requestTooLarge: { status: 413, message: "Request exceeds the maximum size" },
  requestTooLargePage: htmlPage(413, "413 Request Entity Too Large", "nginx"),
  engineOverloaded: {
    status: 429,
    type: "engine_overloaded_error",
    message: "The engine is currently overloaded, please try again later"
  },
  engineOverloadedWait: {
    status: 429,
    type: "engine_overloaded_error",
    message: "The engine is currently overloaded, please try again later",
    headers: { "retry-after": "2" }
  },
  quotaSuspended: quota(`${account} is suspended, please check your plan and billing details`),
  quotaInsufficientBalance: quota(
    `Your account ${org} <ak-00000000000000000000> is suspended due to insufficient balance, ` +
      "please recharge your account or check your plan and billing details"
  ),
  quotaTokens: quota(`You exceeded your current token quota: <${org}> 1000000, please check your account balance`),
  limitConcurrency: rateLimited(
    `${account} request reached organization max concurrency: 1, please try again after 1 seconds`,
    1
  ),
  limitRpm: rateLimited(`${account} request reached organization max RPM: 3, please try again after 1 seconds`, 1),
  limitTpm: rateLimited(`${account} request reached organization TPM rate limit, current:500123, limit:500000`),
  limitTpd: rateLimited(`${account} request reached organization TPD rate limit, current:1500042, limit:1500000`),
  limitOrganization: rateLimited("Organization Rate limit exceeded, please try again after 1 seconds", 1),
  limitUserModelRpm: rateLimited(
    `${account} request reached user+model max RPM: 3, please try again after 1 seconds`,
    1
  ),
  limitTpmOld: rateLimited(`${account} request reached TPM rate limit, current:500123, limit:500000`),
  clientClosed: { status: 499, type: "client_closed_request", message: "client closed request" },
  fileExtraction: { status: 500, type: "server_error", message: "Failed to extract file: unexpected end of file" },
  unexpectedOutput: { status: 500, type: "unexpected_output", message: "invalid state transition" },
  emptyBody: { status: 500, body: "" },
  plainText: {
    status: 500,
    body: "upstream connect error or disconnect/reset before headers",
    headers: { "content-type": "text/plain" }
  },
  badGateway: htmlPage(502, "502 Bad Gateway", "nginx"),
  badGatewayServerError: { status: 502, type: "server_error", message: "bad gateway" },
  cloudflareBadGateway: cloudflarePage(502, "Bad gateway"),
  serverUnavailable: {
    status: 503,
    type: "server_unavailable",
    message: "The server is currently unavailable, please try again later"
  },
  serverUnavailableEmpty: { status: 503, body: "" },
  gatewayTimeout: htmlPage(504, "504 Gateway Time-out", "nginx"),
  cloudflareUnknownError: cloudflarePage(520, "Web server is returning an unknown error"),
  cloudflareConnectionTimedOut: cloudflarePage(522, "Connection timed out"),
  cloudflareTimeout: cloudflarePage(524, "A timeout occurred"),
  overloaded529: {
    status: 529,
    type: "engine_overloaded_error",
    message: "The engine is currently overloaded, please try again later"
  }
} as const satisfies { readonly [name: string]: ErrorResponse }

/**
 * The name of an error response.
 *
 * @category models
 * @since 0.1.0
 */
export type ErrorName = keyof typeof errorResponses
