package io.madit.server.rpc;

import io.madit.server.model.GuidancePlacement;
import io.madit.server.model.Manifest;
import io.madit.server.reveal.GuidanceSchedule;
import io.madit.server.reveal.RevealOrder;
import io.madit.server.reveal.RevealSchedule;
import io.madit.v1.ModelFamily;
import io.madit.v1.Precision;

/** Server enums to wire enums. */
final class Enums {
  private Enums() {}

  static Precision wire(io.madit.server.model.Precision precision) {
    return switch (precision) {
      case FLOAT32 -> Precision.PRECISION_FLOAT32;
      case BFLOAT16 -> Precision.PRECISION_BFLOAT16;
    };
  }

  static io.madit.v1.RevealOrder wire(RevealOrder order) {
    return switch (order) {
      case KL -> io.madit.v1.RevealOrder.REVEAL_ORDER_KL;
      case RANDOM -> io.madit.v1.RevealOrder.REVEAL_ORDER_RANDOM;
      case RASTER -> io.madit.v1.RevealOrder.REVEAL_ORDER_RASTER;
      case HALTON -> io.madit.v1.RevealOrder.REVEAL_ORDER_HALTON;
      case GTR -> io.madit.v1.RevealOrder.REVEAL_ORDER_GTR;
      case CERTAINTY -> io.madit.v1.RevealOrder.REVEAL_ORDER_CONFIDENCE;
      case USER -> io.madit.v1.RevealOrder.REVEAL_ORDER_USER;
    };
  }

  static io.madit.v1.RevealSchedule wire(RevealSchedule schedule) {
    return switch (schedule) {
      case COSINE -> io.madit.v1.RevealSchedule.REVEAL_SCHEDULE_COSINE;
      case LINEAR -> io.madit.v1.RevealSchedule.REVEAL_SCHEDULE_LINEAR;
      case ARCCOS -> io.madit.v1.RevealSchedule.REVEAL_SCHEDULE_ARCCOS;
      case ROOT -> io.madit.v1.RevealSchedule.REVEAL_SCHEDULE_ROOT;
      case SQUARE -> io.madit.v1.RevealSchedule.REVEAL_SCHEDULE_SQUARE;
    };
  }

  static io.madit.v1.GuidanceSchedule wire(GuidanceSchedule schedule) {
    return switch (schedule) {
      case CONSTANT -> io.madit.v1.GuidanceSchedule.GUIDANCE_SCHEDULE_CONSTANT;
      case LINEAR -> io.madit.v1.GuidanceSchedule.GUIDANCE_SCHEDULE_LINEAR;
      case LINEAR_ROUND -> io.madit.v1.GuidanceSchedule.GUIDANCE_SCHEDULE_LINEAR_ROUND;
      case COSINE -> io.madit.v1.GuidanceSchedule.GUIDANCE_SCHEDULE_COSINE;
      // The wire has no name for it; a bundle of it takes no other.
      case FLIPPED_COSINE -> io.madit.v1.GuidanceSchedule.GUIDANCE_SCHEDULE_UNSPECIFIED;
    };
  }

  static ModelFamily family(Manifest manifest) {
    return switch (manifest.family()) {
      case MADIT -> ModelFamily.MODEL_FAMILY_MADIT;
      case V2FLOW -> ModelFamily.MODEL_FAMILY_V2FLOW;
      case MAR -> ModelFamily.MODEL_FAMILY_MAR;
      case MASKGEN ->
          manifest.discrete()
              ? ModelFamily.MODEL_FAMILY_MASKGEN_VQ
              : ModelFamily.MODEL_FAMILY_MASKGEN_KL;
      case MASKGIL -> ModelFamily.MODEL_FAMILY_MASKGIL;
      case TA_TITOK -> ModelFamily.MODEL_FAMILY_TA_TITOK;
    };
  }

  /** Null where a model knows no guidance. */
  static io.madit.v1.GuidancePlacement wire(GuidancePlacement placement) {
    if (placement == null) {
      return io.madit.v1.GuidancePlacement.GUIDANCE_PLACEMENT_UNSPECIFIED;
    }
    return switch (placement) {
      case BUFFER -> io.madit.v1.GuidancePlacement.GUIDANCE_PLACEMENT_BUFFER;
      case VELOCITY -> io.madit.v1.GuidancePlacement.GUIDANCE_PLACEMENT_VELOCITY;
    };
  }
}
