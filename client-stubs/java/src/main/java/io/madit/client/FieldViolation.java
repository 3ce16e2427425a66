package io.madit.client;

/**
 * A field that the server refused.
 *
 * @param field its path in proto names, such as {@code visual.token_ids.ids[3]}
 * @param description what is wrong with it
 */
public record FieldViolation(String field, String description) {}
