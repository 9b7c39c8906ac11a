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
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource

/** A free port of this machine, and nobody else's. */
const val LOOPBACK = "127.0.0.1:0"

/** Pushes a film as fast as it plays, as MediaCodec gives it: sets first, then start codes. */
suspend fun play(
    broadcasting: Broadcasting,
    film: Film,
) {
    broadcasting.pushVideo(direct(withStartCodes(parameterSets(film.picture.configuration))), Times(0, 0, 0u))
    val all =
        film.picture.units.map { film.picture.seconds(it) to { pushPicture(broadcasting, it) } } +
            film.sound.units.map { film.sound.seconds(it) to { broadcasting.pushAudio(direct(it.data), it.times) } }
    val began = TimeSource.Monotonic.markNow()
    val due = all.sortedBy { it.first }
    for ((at, push) in due) {
        delay((at - due[0].first).seconds - began.elapsedNow())
        push()
    }
}

private fun pushPicture(
    broadcasting: Broadcasting,
    unit: FilmUnit,
) = broadcasting.pushVideo(direct(withStartCodes(nalUnits(unit.data))), unit.times)

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
