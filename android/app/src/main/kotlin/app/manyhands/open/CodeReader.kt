package app.manyhands.open

import com.google.zxing.BinaryBitmap
import com.google.zxing.ChecksumException
import com.google.zxing.DecodeHintType
import com.google.zxing.FormatException
import com.google.zxing.LuminanceSource
import com.google.zxing.NotFoundException
import com.google.zxing.PlanarYUVLuminanceSource
import com.google.zxing.RGBLuminanceSource
import com.google.zxing.common.HybridBinarizer
import com.google.zxing.qrcode.QRCodeReader

/** Finds a code in a picture. */
object CodeReader {
    private val HINTS = mapOf(DecodeHintType.TRY_HARDER to true)

    /** What the code in a camera's picture says; [luma] has a byte for each pixel, row by row. */
    fun inLuma(
        luma: ByteArray,
        width: Int,
        height: Int,
    ): String? = read(PlanarYUVLuminanceSource(luma, width, height, 0, 0, width, height, false))

    /** What the code in a kept picture says. */
    fun inPicture(
        pixels: IntArray,
        width: Int,
        height: Int,
    ): String? = read(RGBLuminanceSource(width, height, pixels))

    private fun read(source: LuminanceSource): String? =
        try {
            QRCodeReader().decode(BinaryBitmap(HybridBinarizer(source)), HINTS).text
        } catch (_: NotFoundException) {
            null
        } catch (_: ChecksumException) {
            null
        } catch (_: FormatException) {
            null
        }
}
