using Topology.Ingress;

// Nothing but the entrances in this process's configuration decides what it does.
var configuration = new ConfigurationBuilder().AddEnvironmentVariables().AddCommandLine(args).Build();
await using var ingress = new IngressServer(Entrance.Read(configuration), configuration.GetValue<int>("Ingress:HealthPort"));
await ingress.RunAsync();
