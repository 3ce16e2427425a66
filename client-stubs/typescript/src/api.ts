/** The messages of the API. */
export * from "./generated/madit/v1/conditioning.js";
export * from "./generated/madit/v1/model.js";
export * from "./generated/madit/v1/options.js";
export * from "./generated/madit/v1/output.js";
export * from "./generated/madit/v1/sampling.js";
export * from "./generated/madit/v1/service.js";
export * from "./generated/madit/v1/stream.js";
export * from "./generated/madit/v1/tensor.js";
export * from "./generated/madit/v1/visual.js";
