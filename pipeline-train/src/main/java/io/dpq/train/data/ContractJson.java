package io.dpq.train.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dpq.image.ImageContract;

/** Carries the decode contract to the workers in the form the manifest stores it in. */
public final class ContractJson {
    private ContractJson() {}

    public static String write(final ImageContract contract) {
        try {
            return new ObjectMapper().writeValueAsString(contract);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("The decode contract has no JSON form.", e);
        }
    }

    public static ImageContract read(final String json) {
        try {
            return new ObjectMapper().readValue(json, ImageContract.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("The decode contract cannot be read back.", e);
        }
    }
}
