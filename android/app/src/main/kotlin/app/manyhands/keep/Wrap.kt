package app.manyhands.keep

import android.annotation.TargetApi
import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import android.security.keystore.StrongBoxUnavailableException
import java.security.GeneralSecurityException
import java.security.KeyStore
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

/** A lock on secrets at rest: AES-256-GCM under a key that never leaves its place. */
interface Wrap {
    /** The key. It is made when there is none. */
    fun key(): SecretKey

    /** What is written: the nonce, 12 bytes, then what is sealed. */
    fun seal(secret: ByteArray): ByteArray {
        val cipher = Cipher.getInstance(CIPHER)
        cipher.init(Cipher.ENCRYPT_MODE, key())
        return cipher.iv + cipher.doFinal(secret)
    }

    /** Opens it again. Nothing when it was changed, or the key is gone. */
    fun open(sealed: ByteArray): ByteArray? {
        if (sealed.size <= NONCE) return null
        return try {
            val cipher = Cipher.getInstance(CIPHER)
            cipher.init(Cipher.DECRYPT_MODE, key(), GCMParameterSpec(TAG_BITS, sealed, 0, NONCE))
            cipher.doFinal(sealed, NONCE, sealed.size - NONCE)
        } catch (_: GeneralSecurityException) {
            null
        }
    }

    private companion object {
        const val CIPHER = "AES/GCM/NoPadding"
        const val NONCE = 12
        const val TAG_BITS = 128
    }
}

/** The phone's own keystore; a chip of its own for keys where there is one. */
object Keystore : Wrap {
    private const val PROVIDER = "AndroidKeyStore"
    private const val ALIAS = "channel"
    private const val KEY_BITS = 256

    override fun key(): SecretKey {
        val store = KeyStore.getInstance(PROVIDER).apply { load(null) }
        (store.getKey(ALIAS, null) as? SecretKey)?.let { return it }
        return if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) makeInChip() else make(spec().build())
    }

    @TargetApi(Build.VERSION_CODES.P)
    private fun makeInChip(): SecretKey =
        try {
            make(spec().setIsStrongBoxBacked(true).build())
        } catch (_: StrongBoxUnavailableException) {
            make(spec().build())
        }

    private fun spec() =
        KeyGenParameterSpec
            .Builder(ALIAS, KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT)
            .setKeySize(KEY_BITS)
            .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
            .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)

    private fun make(spec: KeyGenParameterSpec): SecretKey =
        KeyGenerator
            .getInstance(KeyProperties.KEY_ALGORITHM_AES, PROVIDER)
            .apply { init(spec) }
            .generateKey()
}
