package app.manyhands.media

import android.opengl.GLES11Ext
import android.opengl.GLES20
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.FloatBuffer

/** Draws the camera's texture over the whole surface. One thread, with a context. */
class CameraProgram {
    /** What the camera's pictures are bound to. */
    val texture: Int = IntArray(1).also { GLES20.glGenTextures(1, it, 0) }[0]
    private val program = link()
    private val corners = floats(-1f, -1f, 1f, -1f, -1f, 1f, 1f, 1f)

    /** Draws it; [transform] goes from the surface's corners to the texture's, a 4×4 matrix by columns. */
    fun draw(
        width: Int,
        height: Int,
        transform: FloatArray,
    ) {
        GLES20.glViewport(0, 0, width, height)
        GLES20.glUseProgram(program)
        GLES20.glBindTexture(GLES11Ext.GL_TEXTURE_EXTERNAL_OES, texture)
        GLES20.glUniformMatrix4fv(GLES20.glGetUniformLocation(program, "transform"), 1, false, transform, 0)
        val corner = GLES20.glGetAttribLocation(program, "corner")
        GLES20.glEnableVertexAttribArray(corner)
        GLES20.glVertexAttribPointer(corner, 2, GLES20.GL_FLOAT, false, 0, corners)
        GLES20.glDrawArrays(GLES20.GL_TRIANGLE_STRIP, 0, CORNERS)
    }

    /** Draws the still card: one quiet colour. */
    fun drawCard(
        width: Int,
        height: Int,
    ) {
        GLES20.glViewport(0, 0, width, height)
        GLES20.glClearColor(CARD[0], CARD[1], CARD[2], 1f)
        GLES20.glClear(GLES20.GL_COLOR_BUFFER_BIT)
    }

    private fun link(): Int {
        val program = GLES20.glCreateProgram()
        GLES20.glAttachShader(program, compile(GLES20.GL_VERTEX_SHADER, VERTEX))
        GLES20.glAttachShader(program, compile(GLES20.GL_FRAGMENT_SHADER, FRAGMENT))
        GLES20.glLinkProgram(program)
        return program
    }

    private fun compile(
        kind: Int,
        source: String,
    ): Int =
        GLES20.glCreateShader(kind).also {
            GLES20.glShaderSource(it, source)
            GLES20.glCompileShader(it)
        }

    private fun floats(vararg all: Float): FloatBuffer =
        ByteBuffer
            .allocateDirect(all.size * Float.SIZE_BYTES)
            .order(ByteOrder.nativeOrder())
            .asFloatBuffer()
            .apply {
                put(all)
                position(0)
            }

    private companion object {
        const val CORNERS = 4

        /** #0E1413, the dark page. */
        val CARD = floatArrayOf(0.055f, 0.078f, 0.075f)
        const val VERTEX = """
            attribute vec4 corner;
            uniform mat4 transform;
            varying vec2 at;
            void main() {
                gl_Position = corner;
                at = (transform * vec4(corner.xy * 0.5 + 0.5, 0.0, 1.0)).xy;
            }
        """
        const val FRAGMENT = """
            #extension GL_OES_EGL_image_external : require
            precision mediump float;
            uniform samplerExternalOES picture;
            varying vec2 at;
            void main() { gl_FragColor = texture2D(picture, at); }
        """
    }
}
