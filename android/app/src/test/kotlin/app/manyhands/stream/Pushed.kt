package app.manyhands.stream

import app.manyhands.core.AudioCodec
import app.manyhands.core.AudioTrack
import app.manyhands.core.Framing
import app.manyhands.core.GoLive
import app.manyhands.core.Times
import app.manyhands.core.VideoTrack
import app.manyhands.core.newChannel
import app.manyhands.play.FilmEncoder.Companion.parameterSets
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import java.nio.ByteBuffer
import kotlin.math.roundToLong
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource

/** A free port of this machine, and nobody else's. */
const val LOOPBACK = "127.0.0.1:0"

/**
 * Pushes a film as fast as it plays, as MediaCodec gives it: sets first, then start codes. Where a length
 * is given, it is played again and again for as long.
 */
suspend fun play(
    broadcasting: Broadcasting,
    film: Film,
    over: Duration? = null,
) {
    broadcasting.pushVideo(direct(withStartCodes(parameterSets(film.picture.configuration))), Times(0, 0, 0u))
    val pictures = film.picture.units.map { Due(film.picture, it, ::pushPicture) }
    val sounds = film.sound.units.map { Due(film.sound, it, ::pushSound) }
    val all = (pictures + sounds).sortedBy { it.seconds }
    val zero = all[0].seconds
    // A round is whole seconds; what plays beyond would come after the next one's begin.
    val round = (all.last().seconds - zero).roundToLong()
    val due = if (over == null) all else all.filter { it.seconds - zero < round }
    val began = TimeSource.Monotonic.markNow()
    var passed = 0L
    do {
        for (unit in due) {
            delay((unit.seconds - zero + passed).seconds - began.elapsedNow())
            unit.push(broadcasting, passed)
        }
        passed += round
    } while (over != null && passed.seconds < over)
}

/** A unit, and how it is pushed. */
private class Due(
    private val track: Track,
    private val unit: FilmUnit,
    private val push: (Broadcasting, FilmUnit, Times) -> Unit,
) {
    val seconds = track.seconds(unit)

    /** In a round that begins so many seconds later than the first. */
    fun push(
        broadcasting: Broadcasting,
        later: Long,
    ) {
        val times = unit.times
        val ticks = later * track.ticks
        push(broadcasting, unit, Times(times.dts + ticks, times.pts + ticks, times.duration))
    }
}

private fun pushPicture(
    broadcasting: Broadcasting,
    unit: FilmUnit,
    times: Times,
) = broadcasting.pushVideo(direct(withStartCodes(nalUnits(unit.data))), times)

private fun pushSound(
    broadcasting: Broadcasting,
    unit: FilmUnit,
    times: Times,
) = broadcasting.pushAudio(direct(unit.data), times)

/** Live on this machine with what a film is made of. */
fun goLive(film: Film) =
    GoLive(
        title = "A title",
        keys = newChannel(),
        broadcast = 1UL,
        startedMs = System.currentTimeMillis().toULong(),
        `private` = false,
        video = VideoTrack(film.picture.ticks.toUInt(), 400_000u, 0u, Framing.START_CODES),
        audio = AudioTrack(film.sound.ticks.toUInt(), 96_000u, AudioCodec.Aac, 48_000u, 2u),
        listen = LOOPBACK,
    )

/** A buffer as a codec gives it: direct, with something in front of the unit. */
private fun direct(bytes: List<Byte>): ByteBuffer {
    val buffer = ByteBuffer.allocateDirect(bytes.size + 3)
    buffer.position(3)
    buffer.put(bytes.toByteArray()).position(3)
    return buffer
}

/** Runs in a context of its own, within the time that anything may take here. */
fun <T> on(
    context: kotlin.coroutines.CoroutineContext,
    block: suspend kotlinx.coroutines.CoroutineScope.() -> T,
): T = runBlocking(context) { withTimeout(PATIENCE_S.seconds) { coroutineScope(block) } }
