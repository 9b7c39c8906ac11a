package app.manyhands.media

import app.manyhands.core.Picture
import app.manyhands.core.bytesAnHour

/** What a broadcast is made of, when nothing holds it back. The core takes it down from there. */
object Quality {
    /** The picture, lying. Sides are multiples of 16, as every encoder takes them. */
    val CHOSEN = PictureSettings(width = 1280, height = 720, framesPerSecond = 30, bitsPerSecond = 2_000_000)

    /** Bits a second of the sound. */
    const val SOUND_BITS = 128_000

    /** Bytes that leave in about an hour. */
    fun bytesAnHour(): Long = bytesAnHour(CHOSEN.forCore(), SOUND_BITS.toUInt()).toLong()
}

/** Held upright, the long side stands; [quarterTurns] is how the phone is held. */
fun PictureSettings.held(quarterTurns: Int): PictureSettings =
    if (quarterTurns % 2 == 0) copy(width = height, height = width) else this

/** As the core wants it. */
fun PictureSettings.forCore() =
    Picture(width.toUShort(), height.toUShort(), framesPerSecond.toUByte(), bitsPerSecond.toUInt())

/** As an encoder wants it. */
fun Picture.settings() = PictureSettings(width.toInt(), height.toInt(), frameRate.toInt(), bitrate.toInt())
