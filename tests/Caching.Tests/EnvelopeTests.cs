using Fettle.Caching.Serialization;

namespace Fettle.Caching.Tests;

public class EnvelopeTests
{
    static readonly EnvelopeHeader Header = new(7, 1234, 5000, ["nse", "größe", ""]);

    static readonly uint Place = Envelope.Place("values", "k");

    [Theory]
    [InlineData("values", "j")]
    [InlineData("value", "sk")]
    [InlineData("values", "")]
    [InlineData("other", "k")]
    public void ValueOfAnotherPlace_IsRefused(string category, string key)
    {
        var bytes = Envelope.Write("v", Header, Text.Serializer, int.MaxValue, Place);
        Should.Throw<InvalidDataException>(() => Envelope.Read(bytes, Text.Serializer, 1 << 20, Envelope.Place(category, key), out _));
    }

    [Theory]
    [InlineData(0, int.MaxValue)]
    [InlineData(10, int.MaxValue)]
    [InlineData(10_000, 64)]
    [InlineData(10_000, int.MaxValue)]
    public void WhatIsWritten_IsRead(int length, int compressAbove)
    {
        var value = new string('x', length) + "ä";
        var bytes = Envelope.Write(value, Header, Text.Serializer, compressAbove, Place);
        Envelope.Read(bytes, Text.Serializer, 1 << 20, Place, out var header).ShouldBe(value);
        (header.DataVersion, header.LoadMicroseconds, header.StaleMilliseconds).ShouldBe((7, 1234, 5000));
        header.Tags.ShouldBe(Header.Tags);
        if (compressAbove == 64)
        {
            bytes.Length.ShouldBeLessThan(1000);
        }
    }

    [Fact]
    public void Null_IsAValue()
    {
        var bytes = Envelope.Write<string?>(null, Header, Text.Serializer, 100, Place);
        Envelope.Read(bytes, Text.Serializer, 1 << 20, Place, out _).ShouldBeNull();
    }

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(64)]
    public void EveryDamagedByteAndEveryCut_IsRefused(int compressAbove)
    {
        var bytes = Envelope.Write(string.Concat(Enumerable.Repeat("0123456789", 20)), Header, Text.Serializer, compressAbove, Place);
        for (var at = 0; at < bytes.Length; at++)
        {
            var damaged = bytes.ToArray();
            damaged[at] ^= 0x41;
            Should.Throw<InvalidDataException>(() => Envelope.Read(damaged, Text.Serializer, 1 << 20, Place, out _), $"byte {at}");
            Should.Throw<InvalidDataException>(() => Envelope.Read(bytes.AsSpan(0, at), Text.Serializer, 1 << 20, Place, out _), $"cut at {at}");
        }

        Should.Throw<InvalidDataException>(() => Envelope.Read(bytes, Text.Serializer, bytes.Length - 1, Place, out _));
    }
}
