package io.heddle.egress;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.egress.Addresses.Cidr;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Blocks of addresses hold what arithmetic says they hold. */
class AddressBlocksTest {

  @Property
  void aBlockHoldsWhatAgreesInItsFirstBits(
      @ForAll @Size(4) byte[] prefix,
      @ForAll @Size(4) byte[] other,
      @ForAll @IntRange(max = 32) int bits)
      throws UnknownHostException {
    Cidr block = Cidr.of(InetAddress.getByAddress(prefix).getHostAddress() + "/" + bits);
    BigInteger difference = new BigInteger(1, prefix).xor(new BigInteger(1, other));

    assertThat(block.contains(other)).isEqualTo(difference.bitLength() <= 32 - bits);
    assertThat(block.contains(prefix)).isTrue();
    byte[] near = prefix.clone();
    if (bits > 0) {
      near[(bits - 1) / 8] ^= (byte) (0x80 >> ((bits - 1) % 8));
      assertThat(block.contains(near)).isFalse();
    }
  }

  @Example
  void aBlockOfOneFamilyHoldsNothingOfTheOther() throws UnknownHostException {
    byte[] six = InetAddress.getByName("fd00::1").getAddress();

    assertThat(Cidr.of("0.0.0.0/0").contains(six)).isFalse();
    assertThat(Cidr.of("::/0").contains(six)).isTrue();
    assertThat(Cidr.of("fd00::1").contains(six)).isTrue();
    assertThat(Cidr.of("fd00::2").contains(six)).isFalse();
  }
}
