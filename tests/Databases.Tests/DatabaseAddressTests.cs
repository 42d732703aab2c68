namespace Fettle.Databases.Tests;

public class DatabaseAddressTests
{
    [Theory]
    [InlineData("postgres://me:s%20cret@host:5433/my%20db", "postgres:Host=host;Port=5433;Database=my db")]
    [InlineData("postgresql://host/d", "postgres:Host=host;Port=5432;Database=d")]
    [InlineData("postgres:Host=h;Username=u;Password=p", "postgres:Host=h;Port=5432;Database=u")]
    [InlineData("POSTGRESQL:Host=h;Database=d", "postgres:Host=h;Port=5432;Database=d")]
    [InlineData("sqlite:/a/b.db", "sqlite:/a/b.db")]
    public void Address_IsReadAndShownWithoutSecrets(string text, string shown) => DatabaseAddress.Parse(text).ToString().ShouldBe(shown);

    [Fact]
    public void Url_KeepsUserAndPasswordForTheDriver()
    {
        var address = DatabaseAddress.Parse("postgres://me:s%20cret@host/d");
        address.Value.ShouldContain("Password=\"s cret\"");
        address.Value.ShouldContain("Username=me");
        System.Text.Json.JsonSerializer.Serialize(address).ShouldNotContain("cret");
    }

    [Theory]
    [InlineData("sqlite:", "names no file")]
    [InlineData("sqlite::memory:", "private to one connection")]
    [InlineData("mysql:x", "sqlite:")]
    [InlineData("plain", "sqlite:")]
    [InlineData("postgres:Nonsense=1", "cannot be read")]
    [InlineData("postgres://", "cannot be read")]
    public void Mistake_IsNamedWithTheFix(string text, string message) => Should.Throw<FormatException>(() => DatabaseAddress.Parse(text)).Message.ShouldContain(message);
}
