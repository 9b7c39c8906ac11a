package app.manyhands.media

import android.opengl.Matrix

/** How a camera's picture is turned and cut so that it stands upright in the surface. */
object Turn {
    private const val SIZE = 16
    private const val QUARTER = 90f
    private const val HALF = 0.5f

    /**
     * The matrix from a surface's corners to the texture's. [texture] is what the camera's stream
     * gives, which stands upright when the phone is held in its natural way; [quarterTurns] is how it
     * is held, counted against the clock. What does not fit is cut, never stretched.
     */
    fun matrix(
        texture: FloatArray,
        quarterTurns: Int,
        sourceAspect: Float,
        targetAspect: Float,
        mirrored: Boolean = false,
    ): FloatArray {
        val own = FloatArray(SIZE).also { Matrix.setIdentityM(it, 0) }
        Matrix.translateM(own, 0, HALF, HALF, 0f)
        Matrix.rotateM(own, 0, QUARTER * quarterTurns, 0f, 0f, 1f)
        val upright = if (quarterTurns % 2 == 0) sourceAspect else 1 / sourceAspect
        val (across, down) = cut(upright, targetAspect)
        Matrix.scaleM(own, 0, if (mirrored) -across else across, down, 1f)
        Matrix.translateM(own, 0, -HALF, -HALF, 0f)
        return FloatArray(SIZE).also { Matrix.multiplyMM(it, 0, texture, 0, own, 0) }
    }

    /** What part of the source is used, across and down. */
    fun cut(
        sourceAspect: Float,
        targetAspect: Float,
    ): Pair<Float, Float> =
        if (sourceAspect > targetAspect) targetAspect / sourceAspect to 1f else 1f to sourceAspect / targetAspect
}
