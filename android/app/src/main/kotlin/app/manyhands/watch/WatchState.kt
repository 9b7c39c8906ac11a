package app.manyhands.watch

import app.manyhands.lend.LendState

/** Why there is no picture, or what is said beside it. */
enum class Why {
    JOINING,

    /** … for more than five seconds. */
    JOINING_LONG,
    WAITING,
    PAUSED,
    CAMERA_OFF,
    BROADCASTER_SILENT,

    /** … for ten minutes. */
    BROADCASTER_SILENT_LONG,
    CUT_OFF,
    NO_NETWORK,
    ENDED,
    REVOKED,
    UNREACHABLE,
    NEWER_VERSION,
    DAMAGED_LINK,

    /** Something else: the core's own words are shown. */
    FAILED,
    ;

    /** The session is over: only a button goes on from here. */
    val isEnd: Boolean get() = this in ENDS

    private companion object {
        val ENDS = setOf(ENDED, REVOKED, UNREACHABLE, NEWER_VERSION, DAMAGED_LINK, FAILED)
    }
}

/** What is wrong with the picture while the sound goes on. */
enum class PictureTrouble { CATCHING_UP, DECODER, DECODER_GAVE_UP }

/** All that Watch shows, as plain facts: a screen only maps them to words. */
data class WatchState(
    val title: String = "",
    /** Nothing while the picture plays, or is paused by hand. */
    val why: Why? = Why.JOINING,
    /** The core's own words for what has no word here. */
    val message: String? = null,
    /** The person has paused it. */
    val paused: Boolean = false,
    /** A picture was shown since it was opened. */
    val hasPicture: Boolean = false,
    /** The picture's width by its height. */
    val aspect: Float? = null,
    val latencyMs: Long? = null,
    /** By how much it is behind live, where that is more than it needs. */
    val behindMs: Long? = null,
    val viewers: Long = 0,
    /** How long it has run, seconds. */
    val ranS: Long = 0,
    val soundOn: Boolean = true,
    val trouble: PictureTrouble? = null,
    /** On a metered network: bytes that watching takes in a minute. */
    val bytesAMinute: Long? = null,
    val lend: LendState = LendState(),
    /** The link that is watched; it is what `Share link` hands on. */
    val link: String? = null,
) {
    /** Seconds behind, once that is more than five seconds above what was chosen. */
    val behindS: Long?
        get() = behindMs?.takeIf { it > SLACK_MS }?.let { it / MS }

    /** Whether a picture or its sound is being played. */
    val playing: Boolean get() = (why == null || why == Why.CAMERA_OFF) && !paused

    private companion object {
        const val SLACK_MS = 5_000L
        const val MS = 1_000L
    }
}
