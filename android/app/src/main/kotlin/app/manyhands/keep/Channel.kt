package app.manyhands.keep

import android.content.Context
import android.content.SharedPreferences
import app.manyhands.core.ChannelKeys
import app.manyhands.core.newChannel
import app.manyhands.core.openLink
import java.util.Base64

/** A start on the channel: which broadcast it is, and when. */
data class Start(
    val broadcast: Long,
    val startedMs: Long,
)

/** My channel: its keys, locked, and how far its broadcasts have come. */
class Channel(
    context: Context,
    private val wrap: Wrap,
) {
    private val kept: SharedPreferences = context.getSharedPreferences("channel", Context.MODE_PRIVATE)

    /**
     * My link, which leads to this channel before the first broadcast as well; since then with the
     * addresses of the last one. It is a secret.
     */
    var link: String
        get() = read(LINK)?.decodeToString() ?: openLink(keys())
        set(link) = kept.edit().put(LINK, link.encodeToByteArray()).apply()

    /** When a broadcast was last known to run, if its end was never seen. Unix milliseconds. */
    val interruptedMs: Long? get() = kept.getLong(SEEN_MS, 0).takeIf { it > 0 }

    /** The keys. They are made the first time, and when the lock no longer opens. */
    fun keys(): ChannelKeys = read(KEYS)?.let(::split) ?: newChannel().also(::keep)

    /**
     * The next start. One that was cut off goes on as the same broadcast; times only grow, whatever
     * the clock says.
     */
    fun nextStart(nowMs: Long): Start {
        val ended = interruptedMs == null
        val broadcast = kept.getLong(BROADCAST, 0) + if (ended) 1 else 0
        val started = maxOf(nowMs, kept.getLong(STARTED_MS, 0) + 1)
        kept
            .edit()
            .putLong(BROADCAST, maxOf(broadcast, 1))
            .putLong(STARTED_MS, started)
            .apply()
        return Start(maxOf(broadcast, 1), started)
    }

    /** Notes that it runs. */
    fun seen(nowMs: Long) = kept.edit().putLong(SEEN_MS, nowMs).apply()

    /** Notes that it has ended, or that the notice about it was read. */
    fun ended() = kept.edit().remove(SEEN_MS).apply()

    /** Forgets everything: keys, link, count. What runs has to be ended before. */
    fun erase() {
        kept.edit().clear().commit()
    }

    private fun keep(keys: ChannelKeys) = kept.edit().put(KEYS, keys.seed + keys.invite).apply()

    private fun split(both: ByteArray): ChannelKeys? =
        if (both.size <= SEED) null else ChannelKeys(both.copyOf(SEED), both.copyOfRange(SEED, both.size))

    private fun SharedPreferences.Editor.put(
        name: String,
        secret: ByteArray,
    ) = putString(name, Base64.getEncoder().encodeToString(wrap.seal(secret)))

    private fun read(name: String): ByteArray? = kept.getString(name, null)?.let(::decoded)?.let(wrap::open)

    private fun decoded(text: String): ByteArray? =
        try {
            Base64.getDecoder().decode(text)
        } catch (_: IllegalArgumentException) {
            null
        }

    private companion object {
        const val KEYS = "keys"
        const val LINK = "link"
        const val BROADCAST = "broadcast"
        const val STARTED_MS = "started_ms"
        const val SEEN_MS = "seen_ms"

        /** Bytes of the seed, which stands in front. */
        const val SEED = 32
    }
}
